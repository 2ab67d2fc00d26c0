// What the kernels of both norms share: sums over a row, and vectors of one number a channel.
#ifndef PAROATTN_CUDA_NORMS_ROW_H_
#define PAROATTN_CUDA_NORMS_ROW_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"
#include "common/number.h"
#include "elementwise/vector.h"
#include "norms/norms.h"

namespace paroattn {
namespace cuda {

// The most warps of a block.
constexpr int kMostWarps = 16;

// The sum over the 32 lanes of a warp, to each of them.
__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

// The sum over the threads of a block, to each of them and always in the same order.
__device__ __forceinline__ float block_sum(float value, float (&shared)[kMostWarps]) {
  value = warp_sum(value);
  __syncthreads();  // the last sum has been read
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  value = 0.0f;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) value += shared[warp];
  return value;
}

// [kWidth] numbers from `channel` on.
template <int kWidth>
__device__ __forceinline__ void load_channels(const ChannelVector& vector, int channel, float (&values)[kWidth]) {
  if (vector.element == Element::kF32) return load(static_cast<const float*>(vector.data) + channel, values);
  if (vector.element == Element::kF16) return load(static_cast<const Half*>(vector.data) + channel, values);
  load(static_cast<const BFloat16*>(vector.data) + channel, values);
}

// values * factors + offsets, each left out where there is none.
template <int kWidth>
__device__ __forceinline__ void scale_channels(const ChannelVector& factors, const ChannelVector& offsets,
                                               int channel, float (&values)[kWidth]) {
  float numbers[kWidth];
  if (factors.data != nullptr) {
    load_channels(factors, channel, numbers);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] *= numbers[i];
  }
  if (offsets.data != nullptr) {
    load_channels(offsets, channel, numbers);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] += numbers[i];
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_NORMS_ROW_H_
