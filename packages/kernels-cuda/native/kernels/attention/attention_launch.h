// Launches one version of the attention kernel on the whole GPU.
#ifndef PAROATTN_CUDA_ATTENTION_ATTENTION_LAUNCH_H_
#define PAROATTN_CUDA_ATTENTION_ATTENTION_LAUNCH_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "attention/attention.h"
#include "attention/attention_v1.h"
#include "common/device.h"

namespace paroattn {
namespace cuda {

// Thread blocks that fill the device in use: kept for each device and version, for asking takes longer than launching.
template <class Version>
cudaError_t thread_blocks_of_device(int* thread_blocks) {
  constexpr int kDevices = 64;
  static std::atomic<int> kept[kDevices];
  int device = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error != cudaSuccess) return error;
  // Not kept: a reset of the device, after an error that broke it, forgets the attribute.
  error =
      cudaFuncSetAttribute(&attention_v1<Version>, cudaFuncAttributeMaxDynamicSharedMemorySize, Version::kSharedBytes);
  if (error != cudaSuccess) return error;
  if (device < kDevices && (*thread_blocks = kept[device].load(std::memory_order_acquire)) > 0) return cudaSuccess;

  int multiprocessors = 0, occupancy = 0;
  error = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  if (error != cudaSuccess) return error;
  error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&occupancy, &attention_v1<Version>, kThreads,
                                                        Version::kSharedBytes);
  if (error != cudaSuccess) return error;
  if (occupancy < 1) return cudaErrorLaunchOutOfResources;
  *thread_blocks = multiprocessors * occupancy;
  if (device < kDevices) kept[device].store(*thread_blocks, std::memory_order_release);
  return cudaSuccess;
}

template <class Version>
cudaError_t launch_attention(const AttentionProblem& problem, cudaStream_t stream) {
  int thread_blocks = 0;
  const cudaError_t error = thread_blocks_of_device<Version>(&thread_blocks);
  if (error != cudaSuccess) return error;
  const unsigned grid = static_cast<unsigned>(std::min(thread_blocks, problem.item_count));
  constexpr float kLog2E = 1.44269504088896341f;
  const PackedOperands& operands = problem.operands;
  const int64_t from_keys_to_values =
      static_cast<int64_t>(reinterpret_cast<uintptr_t>(operands.value) - reinterpret_cast<uintptr_t>(operands.key));
  return launch(&attention_v1<Version>, LaunchShape{dim3(grid), dim3(kThreads), Version::kSharedBytes}, stream, problem,
                operands.scale * kLog2E, from_keys_to_values);
}

// True where two thread blocks of head dim 128 with two slots for values fit a multiprocessor: not on an sm_80.
inline cudaError_t has_wide_shared_memory(size_t bytes_a_block, bool* wide) {
  int device = 0, bytes = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error != cudaSuccess) return error;
  error = cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerMultiprocessor, device);
  if (error != cudaSuccess) return error;
  constexpr size_t kReserved = 1024;  // by the driver, for each thread block
  *wide = static_cast<size_t>(bytes) >= 2 * (bytes_a_block + kReserved);
  return cudaSuccess;
}

// Sixteen-bit operands of one type: the choice of a version by head dim, and for 128 by the device.
template <Element kElement>
cudaError_t attention_of(const AttentionProblem& problem, cudaStream_t stream) {
  switch (problem.operands.head_dim) {
    case 64:
      return launch_attention<AttentionV1<kElement, 64, 2, 2, 8, true>>(problem, stream);
    case 72:
      return launch_attention<AttentionV1<kElement, 72, 2, 2, 8, true>>(problem, stream);
    case 96:
      return launch_attention<AttentionV1<kElement, 96, 2, 2, 8, false>>(problem, stream);
    case 128: {
      using Wide = AttentionV1<kElement, 128, 2, 2, 8, false>;
      using Narrow = AttentionV1<kElement, 128, 1, 2, 8, false>;
      bool wide = false;
      const cudaError_t error = has_wide_shared_memory(Wide::kSharedBytes, &wide);
      if (error != cudaSuccess) return error;
      return wide ? launch_attention<Wide>(problem, stream) : launch_attention<Narrow>(problem, stream);
    }
    default:
      return cudaErrorInvalidValue;
  }
}

// In translation units of their own, which compile side by side.
cudaError_t attention_bf16(const AttentionProblem& problem, cudaStream_t stream);
cudaError_t attention_f16(const AttentionProblem& problem, cudaStream_t stream);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_ATTENTION_LAUNCH_H_
