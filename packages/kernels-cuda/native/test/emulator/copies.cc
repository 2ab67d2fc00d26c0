// cp.async lands between issue and wait, at a moment that nobody may count on.
#include <cmath>
#include <string>
#include <vector>

#include "common/checks.h"
#include "common/ptx.h"
#include "run.h"

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

constexpr int kThreads = 64;

enum class Fault { kNone, kNoWait, kNoBarrier, kWaitTooEarly, kReuse };

// Tiles stream through two slots of shared memory; each thread reads what another one copied.
template <Fault kFault>
__global__ void stream_tiles(const float* in, int tiles, float* out) {
  float* slots = dynamic_shared<float>();
  const int thread = static_cast<int>(threadIdx.x);
  const auto copy = [&](int tile) {
    if (tile < tiles) ptx::cp_async_16(slots + (tile % 2 * kThreads + thread) * 4, in + (tile * kThreads + thread) * 4);
    ptx::cp_async_commit();
  };
  copy(0);
  for (int tile = 0; tile < tiles; ++tile) {
    if (kFault == Fault::kReuse) copy(tile + 2);  // into the slot that is read now
    copy(tile + 1);
    if (kFault == Fault::kWaitTooEarly) {
      ptx::cp_async_wait<2>();
    } else if (kFault != Fault::kNoWait) {
      ptx::cp_async_wait<1>();
    }
    if (kFault != Fault::kNoBarrier) __syncthreads();
    const int other = (thread * 5 + tile) % kThreads;
    float sum = 0.0f;
    for (int i = 0; i < 4; ++i) sum += slots[(tile % 2 * kThreads + other) * 4 + i];
    out[tile * kThreads + thread] = sum;
    __syncthreads();
  }
}

// The schedules out of `seeds` in which the result is wrong.
template <Fault kFault>
int wrong(int seeds) {
  constexpr int kTiles = 7;
  std::vector<float> in(kTiles * kThreads * 4);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  int count = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    set("PAROATTN_EMULATOR_SEED", std::to_string(seed));
    DeviceVector<float> from(in), out(kTiles * kThreads);
    run(stream_tiles<kFault>, LaunchShape{1, kThreads, 2 * kThreads * 16}, from.data(), kTiles, out.data());
    const auto values = out.values();
    bool ok = true;
    for (int tile = 0; tile < kTiles; ++tile) {
      for (int thread = 0; thread < kThreads; ++thread) {
        const int first = (tile * kThreads + (thread * 5 + tile) % kThreads) * 4;
        ok = ok && values[static_cast<size_t>(tile * kThreads + thread)] == static_cast<float>(4 * first + 6);
      }
    }
    count += !ok;
  }
  return count;
}

__global__ void fill(const float* in, int bytes, float* out) {
  float* slot = dynamic_shared<float>() + 4 * threadIdx.x;
  ptx::cp_async_16(slot, bytes == 0 ? nullptr : in + 4 * threadIdx.x, bytes);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  for (int i = 0; i < 4; ++i) out[4 * threadIdx.x + i] = slot[i];
}

void check_fill(Checks& checks) {
  std::vector<float> in(128);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i + 1);
  for (int bytes : {0, 4, 8, 12, 16}) {
    DeviceVector<float> from(in), out(128);
    checks.equal(run(fill, LaunchShape{1, 32, 512}, from.data(), bytes, out.data()).error, cudaSuccess, "fill");
    const auto values = out.values();
    bool ok = true;
    for (size_t i = 0; i < 128; ++i) ok = ok && values[i] == (static_cast<int>(i % 4 * 4) < bytes ? in[i] : 0.0f);
    checks.expect(ok, "the rest of 16 bytes is zero after " + std::to_string(bytes));
  }
}

__global__ void unwritten(float* out) {
  __shared__ float fixed[32];
  out[threadIdx.x] = fixed[threadIdx.x];
  out[32 + threadIdx.x] = dynamic_shared<float>()[threadIdx.x];
  fixed[threadIdx.x] = dynamic_shared<float>()[threadIdx.x] = 1.0f;
}

// Memory that nobody wrote in this block is NaN, even if the last block wrote it.
void check_poison(Checks& checks) {
  DeviceVector<float> out(64);
  for (float value : out.values()) checks.expect(std::isnan(value), "fresh device memory");
  checks.equal(run(unwritten, LaunchShape{3, 32, 128}, out.data()).error, cudaSuccess, "unwritten");
  for (float value : out.values()) checks.expect(std::isnan(value), "fresh shared memory");
}

}  // namespace

int main() {
  start_quietly();
  Checks checks;
  checks.equal(wrong<Fault::kNone>(30), 0, "right in every schedule");
  checks.equal(wrong<Fault::kNoWait>(30), 30, "no wait: wrong in every schedule");
  checks.equal(wrong<Fault::kWaitTooEarly>(30), 30, "a wait for too few groups: wrong in every schedule");
  checks.equal(wrong<Fault::kNoBarrier>(30), 30, "no barrier after the wait: wrong in every schedule");
  checks.equal(wrong<Fault::kReuse>(30), 30, "a slot that is still read: wrong in every schedule");
  check_fill(checks);
  check_poison(checks);
  return checks.finish();
}
