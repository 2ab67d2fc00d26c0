// Faults that a GPU would answer with a hang, a wrong number or nothing at all: each is reported, with the place.
#include <string>
#include <vector>

#include "common/checks.h"
#include "common/ptx.h"
#include "run.h"

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // it ends the process itself at the first bad access
#else
constexpr bool kSanitized = false;
#endif

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

constexpr unsigned kAll = 0xffffffffu;

__global__ void lane_missing(int* out) {
  if (threadIdx.x == 9) return;
  out[threadIdx.x] = __shfl_sync(kAll, 1, 0);
}
__global__ void divergent_collectives(int* out) {
  if (threadIdx.x < 4) {
    out[0] = static_cast<int>(__ballot_sync(kAll, 1));
  } else {
    out[1] = __shfl_sync(kAll, 1, 0);
  }
}
__global__ void warp_skips_barrier(int* out) {
  if (threadIdx.x < 32) __syncthreads();
  if (threadIdx.x >= 32) out[0] = __shfl_sync(kAll, static_cast<int>(threadIdx.x), 0);
  if (threadIdx.x == 40) ptx::barrier_sync(3, 64);
}
__global__ void divergent_barrier() {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void outside_of_mask() { __syncwarp(0xfffffffeu); }
__global__ void divergent_product(float* out) {
  float accumulator[4] = {};
  const uint32_t a[4] = {};
  if (threadIdx.x == 3) {
    ptx::mma<Element::kBF16>(accumulator, a, 0, 0);
  } else {
    ptx::mma<Element::kBF16>(accumulator, a, 0, 0);
  }
  out[threadIdx.x] = accumulator[0];
}
__global__ void misaligned_matrix(uint32_t* out) {
  uint32_t matrix[4];
  ptx::ldmatrix_x4(matrix, dynamic_shared<char>() + 8 * threadIdx.x);
  out[threadIdx.x] = matrix[0];
}
__global__ void matrix_elsewhere(uint32_t* out) {
  uint32_t matrix[4];
  ptx::ldmatrix_x4(matrix, out);
}
__global__ void matrix_beyond(uint32_t* out) {
  uint32_t matrix[4];
  ptx::ldmatrix_x4(matrix, dynamic_shared<char>() + 16 * threadIdx.x);
  out[0] = matrix[0];
}
__global__ void copy_misaligned(const char* from) { ptx::cp_async_16(dynamic_shared<char>(), from + 4); }
__global__ void copy_beyond(const char* from) { ptx::cp_async_16(dynamic_shared<char>(), from + 64); }
__global__ void copy_to_nowhere(const char* from) { ptx::cp_async_16(dynamic_shared<char>() + 512, from); }
__global__ void shared_overflow(int at) { dynamic_shared<int>()[at] = 1; }
__global__ void device_overflow(int* memory, int at) { memory[at] = 1; }
__global__ void waits_for_another_block(int* flag) {
  if (blockIdx.x == 0) atomicExch(flag, 1);
  while (atomicAdd(flag, 0) < 2) __nanosleep(100);
}
__global__ void wait_for_each_other(int* arrived) {
  atomicAdd(arrived, 1);
  while (atomicAdd(arrived, 0) < 2) __nanosleep(100);
}
__global__ void trap() {
  if (threadIdx.x == 5) __trap();
}
template <int kNumber>
__global__ void named(int* out) {
  *out = kNumber;
}

void expect_report(Checks& checks, const std::string& name, const Outcome& outcome, const std::vector<std::string>& parts) {
  checks.equal(outcome.error, cudaErrorLaunchFailure, name);
  for (const std::string& part : parts) checks.contains(outcome.report, part, name);
}

void check_reports(Checks& checks) {
  const auto memory = [] {
    int* out = nullptr;
    cudaMalloc(&out, 64);
    return out;
  };
  expect_report(checks, "lane missing", run(lane_missing, LaunchShape{1, 32}, memory()),
                {"lane_missing", "block (0, 0, 0)", "every thread waits", "threads 0-8, 10-31 wait in __shfl_sync at failures.cc:",
                 "threads 9 have ended"});
  expect_report(checks, "divergent collectives", run(divergent_collectives, LaunchShape{1, 32}, memory()),
                {"threads 0-3 wait in __ballot_sync", "threads 4-31 wait in __shfl_sync", "for the lanes ffffffff"});
  expect_report(checks, "barrier skipped", run(warp_skips_barrier, LaunchShape{1, 64}, memory()),
                {"threads 0-31 wait in __syncthreads", "threads 40 wait in barrier.sync", "(barrier 3)"});
  expect_report(checks, "barrier from two places", run(divergent_barrier, LaunchShape{1, 32}),
                {"lanes of one warp came to a barrier from different places"});
  expect_report(checks, "outside of the mask", run(outside_of_mask, LaunchShape{1, 32}),
                {"__syncwarp by a lane that its mask fffffffe lacks", "thread (0, 0, 0)"});
  expect_report(checks, "divergent product", run(divergent_product, LaunchShape{1, 32}, static_cast<float*>(nullptr)),
                {"mma.m16n8k16 (bf16) by lanes of one warp from different places"});
  auto* words = reinterpret_cast<uint32_t*>(memory());
  expect_report(checks, "misaligned ldmatrix", run(misaligned_matrix, LaunchShape{1, 32, 512}, words), {"not aligned"});
  expect_report(checks, "ldmatrix elsewhere", run(matrix_elsewhere, LaunchShape{1, 32, 512}, words),
                {"outside of shared memory"});
  expect_report(checks, "ldmatrix beyond", run(matrix_beyond, LaunchShape{1, 32, 496}, words),
                {"outside of shared memory", "thread (31, 0, 0)"});
  const auto bytes = [&] { return reinterpret_cast<const char*>(memory()); };
  expect_report(checks, "misaligned copy", run(copy_misaligned, LaunchShape{1, 32, 512}, bytes()), {"misaligned"});
  expect_report(checks, "copy from beyond", run(copy_beyond, LaunchShape{1, 32, 512}, bytes()),
                {"outside of every device allocation"});
  expect_report(checks, "copy to nowhere", run(copy_to_nowhere, LaunchShape{1, 32, 512}, bytes()),
                {"outside of shared memory"});
  expect_report(checks, "waits for another block", run(waits_for_another_block, LaunchShape{2, 32}, memory()),
                {"does the block wait for another one"});
  expect_report(checks, "trap", run(trap, LaunchShape{2, 32}), {"__trap", "thread (5, 0, 0)"});
  if (kSanitized) return;
  expect_report(checks, "behind shared memory", run(shared_overflow, LaunchShape{1, 1, 256}, 64),
                {"outside of its 256 bytes of dynamic shared memory"});
  expect_report(checks, "before shared memory", run(shared_overflow, LaunchShape{1, 1, 256}, -1),
                {"outside of its 256 bytes of dynamic shared memory"});
  expect_report(checks, "behind an allocation", run(device_overflow, LaunchShape{1, 1}, memory(), 16),
                {"wrote behind a device allocation of 64 bytes"});
  expect_report(checks, "before an allocation", run(device_overflow, LaunchShape{1, 1}, memory(), -3),
                {"wrote before a device allocation of 64 bytes"});
}

// Whether two blocks run beside each other is left to chance, so that a kernel that needs it fails in some schedule.
void check_residence(Checks& checks) {
  int together = 0, apart = 0;
  for (int seed = 1; seed <= 12; ++seed) {
    set("PAROATTN_EMULATOR_SEED", std::to_string(seed));
    DeviceVector<int> arrived(std::vector<int>(1, 0));
    const Outcome outcome = run(wait_for_each_other, LaunchShape{2, 1}, arrived.data());
    together += outcome.error == cudaSuccess;
    apart += outcome.report.find("does the block wait for another one") != std::string::npos;
  }
  checks.expect(together > 0 && apart > 0 && together + apart == 12, "blocks beside each other, sometimes");
  set("PAROATTN_EMULATOR_SEED", "");
}

// Once a kernel has failed, every call says so until the device is reset; then all is well.
void check_sticky(Checks& checks) {
  int* memory = nullptr;
  cudaMalloc(&memory, 64);
  set("PAROATTN_EMULATOR_FAIL", "kernel named<2>");
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  checks.equal(launch(named<1>, LaunchShape{1, 1}, stream, memory), cudaSuccess, "a kernel before the one that fails");
  checks.equal(cudaStreamSynchronize(stream), cudaSuccess, "before the failure");
  checks.equal(launch(named<2>, LaunchShape{1, 1}, stream, memory), cudaSuccess, "the launch of one that fails later");
  checks.equal(cudaStreamSynchronize(stream), cudaErrorLaunchFailure, "the wait for it");
  checks.contains(paroattn::emulator::last_report(), "named<2>", "the report of the failure");
  checks.equal(launch(named<1>, LaunchShape{1, 1}, stream, memory), cudaErrorLaunchFailure, "another launch");
  checks.equal(cudaMemsetAsync(memory, 0, 4, stream), cudaErrorLaunchFailure, "memset");
  void* more = nullptr;
  checks.equal(cudaMalloc(&more, 4), cudaErrorLaunchFailure, "malloc");
  checks.equal(cudaGetLastError(), cudaErrorLaunchFailure, "last error");
  checks.equal(cudaGetLastError(), cudaErrorLaunchFailure, "last error stays");
  checks.equal(cudaDeviceReset(), cudaSuccess, "reset");
  set("PAROATTN_EMULATOR_FAIL", "");
  checks.equal(cudaGetLastError(), cudaSuccess, "last error after the reset");
  DeviceVector<int> again(1);
  checks.equal(run(named<2>, LaunchShape{1, 1}, again.data()).error, cudaSuccess, "a kernel after the reset");
  checks.equal(again.values()[0], 2, "its result");
}

}  // namespace

int main() {
  start_quietly();
  Checks checks;
  check_reports(checks);
  check_residence(checks);
  check_sticky(checks);
  return checks.finish();
}
