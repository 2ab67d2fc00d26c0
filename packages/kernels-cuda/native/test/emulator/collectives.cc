// What threads and lanes do together, against the definition, over several schedules.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/checks.h"
#include "common/ptx.h"
#include "run.h"

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

constexpr unsigned kAll = 0xffffffffu;

__global__ void shuffles(int width, int* out) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  int* mine = out + threadIdx.x * 5;
  mine[0] = __shfl_sync(kAll, 100 + lane, lane * 7 + 3, width);
  mine[1] = __shfl_xor_sync(kAll, 100 + lane, 5, width);
  mine[2] = __shfl_down_sync(kAll, 100 + lane, 3, width);
  mine[3] = __shfl_up_sync(kAll, 100 + lane, 3, width);
  mine[4] = static_cast<int>(__shfl_xor_sync(kAll, 1.5 * lane, 1, width) * 2);
}

void check_shuffles(Checks& checks) {
  for (int width : {32, 16, 8, 2}) {
    DeviceVector<int> out(64 * 5);
    checks.equal(run(shuffles, LaunchShape{1, 64}, width, out.data()).error, cudaSuccess, "shuffles");
    const auto values = out.values();
    for (int thread = 0; thread < 64; ++thread) {
      const int lane = thread % 32, first = lane / width * width, at = lane % width;
      const int* mine = values.data() + thread * 5;
      const std::string name = "of lane " + std::to_string(lane) + " in width " + std::to_string(width);
      checks.equal(mine[0], 100 + first + (lane * 7 + 3) % width, "shuffle " + name);
      // xor reaches lower groups, but not higher ones.
      checks.equal(mine[1], 100 + ((lane ^ 5) < first + width ? lane ^ 5 : lane), "shuffle xor " + name);
      checks.equal(mine[2], 100 + (at + 3 < width ? lane + 3 : lane), "shuffle down " + name);
      checks.equal(mine[3], 100 + (at >= 3 ? lane - 3 : lane), "shuffle up " + name);
      checks.equal(mine[4], 3 * (lane ^ 1), "shuffle of doubles " + name);
    }
  }
}

// Two halves of a warp at different collectives, each within its own mask.
__global__ void halves(unsigned* out) {
  const unsigned lane = threadIdx.x;
  unsigned value;
  if (lane < 16) {
    value = __ballot_sync(0x0000ffffu, lane % 3 == 0);
  } else {
    value = static_cast<unsigned>(__reduce_add_sync(0xffff0000u, lane));
    value += static_cast<unsigned>(__shfl_sync(0xffff0000u, static_cast<int>(lane), 20));
  }
  __syncwarp();
  out[lane] = value;
}

void check_halves(Checks& checks) {
  DeviceVector<unsigned> out(32);
  checks.equal(run(halves, LaunchShape{1, 32}, out.data()).error, cudaSuccess, "halves");
  const auto values = out.values();
  for (unsigned lane = 0; lane < 32; ++lane) {
    checks.equal(values[lane], lane < 16 ? 0x9249u : 376u + 20u, "half of lane " + std::to_string(lane));
  }
}

__global__ void votes(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[0] = __any_sync(kAll, lane == 31);
  out[1] = __any_sync(kAll, lane == 32);
  out[2] = __all_sync(kAll, lane < 32);
  out[3] = __all_sync(kAll, lane < 31);
  out[4] = __reduce_min_sync(kAll, lane - 7);
  out[5] = __reduce_max_sync(kAll, lane - 40);
  out[6] = static_cast<int>(__reduce_max_sync(kAll, static_cast<unsigned>(lane - 1)));
  out[7] = static_cast<int>(__reduce_or_sync(kAll, 1u << (lane % 5)));
  out[8] = static_cast<int>(__reduce_and_sync(kAll, static_cast<unsigned>(lane) | 6u));
  out[9] = static_cast<int>(__reduce_xor_sync(kAll, static_cast<unsigned>(lane) + 1u));
}

void check_votes(Checks& checks) {
  DeviceVector<int> out(10);
  checks.equal(run(votes, LaunchShape{1, 32}, out.data()).error, cudaSuccess, "votes");
  const int expected[10] = {1, 0, 1, 0, -7, -9, -1, 31, 6, 32};
  const auto values = out.values();
  for (size_t i = 0; i < 10; ++i) checks.equal(values[i], expected[i], "vote " + std::to_string(i));
}

// Each stage reads what others wrote in the last one.
__global__ void stages(int count, int* out) {
  __shared__ int ring[96];
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  ring[thread] = thread;
  for (int stage = 0; stage < count; ++stage) {
    __syncthreads();
    const int next = ring[(thread + 1) % threads];
    __syncthreads();
    ring[thread] = next;
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = ring[thread];
}

void check_barriers(Checks& checks) {
  DeviceVector<int> out(3 * 96);
  checks.equal(run(stages, LaunchShape{3, 96}, 40, out.data()).error, cudaSuccess, "stages");
  const auto values = out.values();
  for (size_t i = 0; i < values.size(); ++i) checks.equal(values[i], (i + 40) % 96, "ring " + std::to_string(i));
}

// Threads that have ended are not waited for.
__global__ void leavers(int* out) {
  if (threadIdx.x >= 40) return;
  const int count = __syncthreads_count(threadIdx.x % 2 == 0);
  const int any = __syncthreads_or(threadIdx.x == 39);
  const int all = __syncthreads_and(threadIdx.x < 39);
  if (threadIdx.x == 0) {
    out[0] = count;
    out[1] = any;
    out[2] = all;
  }
}

void check_counting_barriers(Checks& checks) {
  DeviceVector<int> out(3);
  checks.equal(run(leavers, LaunchShape{1, 64}, out.data()).error, cudaSuccess, "leavers");
  const auto values = out.values();
  checks.expect(values[0] == 20 && values[1] == 1 && values[2] == 0, "counting barriers");
}

// Two pairs of warps, each with a barrier of its own, at different paces.
__global__ void pairs(int* out) {
  __shared__ int board[4];
  const int warp = static_cast<int>(threadIdx.x) / 32, pair = warp / 2;
  int sum = 0;
  for (int round = 0; round < 3 + 4 * pair; ++round) {
    if (threadIdx.x % 32 == 0) board[warp] = 10 * round + warp;
    ptx::barrier_sync(1 + pair, 64);
    sum += board[warp ^ 1];
    ptx::barrier_sync(1 + pair, 64);
  }
  out[threadIdx.x] = sum;
}

void check_named_barriers(Checks& checks) {
  DeviceVector<int> out(128);
  checks.equal(run(pairs, LaunchShape{1, 128}, out.data()).error, cudaSuccess, "pairs");
  const auto values = out.values();
  for (int thread = 0; thread < 128; ++thread) {
    const int warp = thread / 32, rounds = 3 + 4 * (warp / 2);
    checks.equal(values[static_cast<size_t>(thread)], 10 * rounds * (rounds - 1) / 2 + rounds * (warp ^ 1), "pair");
  }
}

__global__ void atomics(int* out) {
  const int old = atomicAdd(out, 2);
  atomicMax(out + 1, old);
  atomicMin(out + 2, -old);
  atomicExch(out + 3, 7);
  atomicCAS(out + 4, 0, static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) + 1);
  atomicOr(reinterpret_cast<unsigned*>(out + 5), 1u << (threadIdx.x % 32));
}

void check_atomics(Checks& checks) {
  DeviceVector<int> out(std::vector<int>(6, 0));
  checks.equal(run(atomics, LaunchShape{5, 96}, out.data()).error, cudaSuccess, "atomics");
  const auto values = out.values();
  checks.equal(values[0], 960, "atomicAdd");
  checks.equal(values[1], 958, "atomicMax");
  checks.equal(values[2], -958, "atomicMin");
  checks.equal(values[3], 7, "atomicExch");
  checks.expect(values[4] >= 1 && values[4] <= 480, "atomicCAS");
  checks.equal(values[5], -1, "atomicOr");
}

// Work is taken through a counter until there is none, whichever block comes first.
__global__ void persistent(unsigned* counter, int items, int* done) {
  __shared__ unsigned item;
  for (;;) {
    if (threadIdx.x == 0) item = atomicAdd(counter, 1u);
    __syncthreads();
    const unsigned mine = item;
    __syncthreads();
    if (mine >= static_cast<unsigned>(items)) return;
    if (threadIdx.x == mine % blockDim.x) done[mine] += 1 << (8 * blockIdx.x);
  }
}

// Returns how many blocks took part.
int check_persistent(Checks& checks) {
  DeviceVector<unsigned> counter(std::vector<unsigned>(1, 0));
  DeviceVector<int> done(std::vector<int>(100, 0));
  checks.equal(run(persistent, LaunchShape{3, 64}, counter.data(), 100, done.data()).error, cudaSuccess, "persistent");
  bool once = true;
  int blocks = 0;
  for (int value : done.values()) {
    once = once && (value == 1 || value == 1 << 8 || value == 1 << 16);
    blocks |= value;
  }
  checks.expect(once, "every item is done once");
  return __popc(static_cast<unsigned>(blocks));
}

__global__ void identity(uint3* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = {blockIdx.x * 10 + threadIdx.x,
                                                                blockIdx.y * 10 + threadIdx.y,
                                                                blockIdx.z * 10 + threadIdx.z};
}

void check_identity(Checks& checks) {
  const dim3 grid(3, 4, 2), block(5, 2, 3);
  DeviceVector<uint3> out(24 * 30);
  checks.equal(run(identity, LaunchShape{grid, block}, out.data()).error, cudaSuccess, "identity");
  const auto values = out.values();
  bool ok = true;
  for (unsigned b = 0; b < 24; ++b) {
    for (unsigned t = 0; t < 30; ++t) {
      const uint3 at = values[b * 30 + t];
      ok = ok && at.x == b % 3 * 10 + t % 5 && at.y == b / 3 % 4 * 10 + t / 5 % 2 && at.z == b / 12 * 10 + t / 10;
    }
  }
  checks.expect(ok, "every thread of every block runs once, and knows its place");
}

}  // namespace

int main() {
  Checks checks;
  int most_blocks = 0;
  for (int seed = 1; seed <= 20; ++seed) {
    set("PAROATTN_EMULATOR_SEED", std::to_string(seed));
    check_shuffles(checks);
    check_halves(checks);
    check_votes(checks);
    check_barriers(checks);
    check_counting_barriers(checks);
    check_named_barriers(checks);
    check_atomics(checks);
    most_blocks = std::max(most_blocks, check_persistent(checks));
    check_identity(checks);
  }
  checks.equal(most_blocks, 3, "blocks that share the work, in some schedule");
  return checks.finish();
}
