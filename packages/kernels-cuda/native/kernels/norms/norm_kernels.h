// Version 1: a row is read once and kept in registers, by a warp (up to 1,024 channels) or by a block (up to 4,096). A
// longer one, and one whose addresses allow no vectors, is read again for every pass, from a cache. The variance is over
// distances from the mean, a second pass, so that a mean of many deviations costs no digits.
#ifndef PAROATTN_CUDA_NORMS_NORM_KERNELS_H_
#define PAROATTN_CUDA_NORMS_NORM_KERNELS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "elementwise/vector.h"
#include "norms/row.h"

namespace paroattn {
namespace cuda {

constexpr int kKept = 32;               // numbers of a row in a thread's registers
constexpr int kWarpRows = 4;            // rows of a block where each is a warp's
constexpr int kKeptThreads = 128;       // of a row that a block keeps
constexpr int64_t kNormBlocks = 65536;  // enough to fill any GPU; further rows are reached by strides of the grid

// The rows of input and output.
template <class T>
struct Rows {
  const T* input;
  T* output;
  int64_t count;
  int channels;
  float epsilon;
};

__device__ __forceinline__ float reciprocal_root(float squares, int channels, float epsilon) {
  return 1.0f / sqrtf(squares / static_cast<float>(channels) + epsilon);
}

// Norm: a plain struct; kCentered: whether the mean is taken out; finish(row, channel, values) does what follows.
// kThreads, a warp or the block, share a row, whose channels are a multiple of the widest vector.
template <class Norm, class T, int kThreads>
// 4 blocks: the registers of 128 threads suffice for a row, without spills, and leave enough warps to wait for memory.
__global__ void __launch_bounds__(128, 4) kept_rows(Norm norm, Rows<T> rows) {
  constexpr int kWidth = kWidestVector<T>;
  constexpr int kSlots = kKept / kWidth;
  __shared__ float shared[kMostWarps];
  const auto sum_of_row = [&](float value) { return kThreads == 32 ? warp_sum(value) : block_sum(value, shared); };
  const int64_t rows_at_once = static_cast<int64_t>(gridDim.x) * (blockDim.x / kThreads);
  const int64_t first_row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / kThreads) + threadIdx.x / kThreads;
  const int first = static_cast<int>(threadIdx.x % kThreads) * kWidth;
  for (int64_t row = first_row; row < rows.count; row += rows_at_once) {
    const T* input = rows.input + row * rows.channels;
    float values[kSlots][kWidth];
    float sum = 0.0f;
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      const int channel = slot * kThreads * kWidth + first;
      if (channel >= rows.channels) continue;
      load(input + channel, values[slot]);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) sum += values[slot][i];
    }
    float mean = 0.0f;
    if constexpr (Norm::kCentered) mean = sum_of_row(sum) / static_cast<float>(rows.channels);
    float squares = 0.0f;
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      if (slot * kThreads * kWidth + first >= rows.channels) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        values[slot][i] -= mean;
        squares = fmaf(values[slot][i], values[slot][i], squares);
      }
    }
    const float factor = reciprocal_root(sum_of_row(squares), rows.channels, rows.epsilon);
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      const int channel = slot * kThreads * kWidth + first;
      if (channel >= rows.channels) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[slot][i] *= factor;
      norm.finish(row, channel, values[slot]);
      store(values[slot], rows.output + row * rows.channels + channel);
    }
  }
}

// A block shares a row of any length.
template <class Norm, class T, int kWidth>
__global__ void __launch_bounds__(32 * kMostWarps) reread_rows(Norm norm, Rows<T> rows) {
  __shared__ float shared[kMostWarps];
  const int first = static_cast<int>(threadIdx.x) * kWidth;
  const int stride = static_cast<int>(blockDim.x) * kWidth;
  for (int64_t row = blockIdx.x; row < rows.count; row += gridDim.x) {
    const T* input = rows.input + row * rows.channels;
    float values[kWidth];
    float mean = 0.0f;
    if constexpr (Norm::kCentered) {
      float sum = 0.0f;
      for (int channel = first; channel < rows.channels; channel += stride) {
        load(input + channel, values);
#pragma unroll
        for (int i = 0; i < kWidth; ++i) sum += values[i];
      }
      mean = block_sum(sum, shared) / static_cast<float>(rows.channels);
    }
    float squares = 0.0f;
    for (int channel = first; channel < rows.channels; channel += stride) {
      load(input + channel, values);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) squares = fmaf(values[i] - mean, values[i] - mean, squares);
    }
    const float factor = reciprocal_root(block_sum(squares, shared), rows.channels, rows.epsilon);
    for (int channel = first; channel < rows.channels; channel += stride) {
      load(input + channel, values);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] = (values[i] - mean) * factor;
      norm.finish(row, channel, values);
      store(values, rows.output + row * rows.channels + channel);
    }
  }
}

template <class Norm, class T, int kWidth>
cudaError_t launch_reread(const Norm& norm, const Rows<T>& rows, cudaStream_t stream) {
  const int warps = std::min((rows.channels + 32 * kWidth - 1) / (32 * kWidth), kMostWarps);
  const dim3 grid(static_cast<unsigned>(std::min(rows.count, kNormBlocks)));
  const LaunchShape shape{grid, dim3(static_cast<unsigned>(32 * warps)), 0};
  return launch(reread_rows<Norm, T, kWidth>, shape, stream, norm, rows);
}

// wide: whether the norm's own operands are aligned to 16 bytes.
template <class Norm, class T>
cudaError_t launch_norm(const Norm& norm, const Rows<T>& rows, bool wide, cudaStream_t stream) {
  constexpr int kWidth = kWidestVector<T>;
  wide = wide && rows.channels % kWidth == 0 && is_aligned(rows.input, 16) && is_aligned(rows.output, 16);
  if (!wide) return launch_reread<Norm, T, 1>(norm, rows, stream);
  if (rows.channels <= 32 * kKept) {
    const int64_t blocks = std::min((rows.count + kWarpRows - 1) / kWarpRows, kNormBlocks);
    const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(32 * kWarpRows), 0};
    return launch(kept_rows<Norm, T, 32>, shape, stream, norm, rows);
  }
  if (rows.channels <= kKeptThreads * kKept) {
    const int64_t blocks = std::min(rows.count, kNormBlocks);
    const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kKeptThreads), 0};
    return launch(kept_rows<Norm, T, kKeptThreads>, shape, stream, norm, rows);
  }
  return launch_reread<Norm, T, kWidth>(norm, rows, stream);
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_NORMS_NORM_KERNELS_H_
