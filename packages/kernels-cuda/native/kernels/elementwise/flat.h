// One pass over the elements of a result, in vectors as wide as the addresses allow.
#ifndef PAROATTN_CUDA_ELEMENTWISE_FLAT_H_
#define PAROATTN_CUDA_ELEMENTWISE_FLAT_H_

#include <algorithm>
#include <cstdint>

#include "common/device.h"

namespace paroattn {
namespace cuda {

constexpr int kFlatThreads = 256;
// Enough to fill any GPU; the rest is reached by strides of the grid.
constexpr int64_t kFlatBlocks = 16384;

// Body: a plain struct whose compute<kWidth>(first) computes elements first .. first + kWidth - 1 of the result.
// kWidth elements at once, and what is left over one by one.
template <int kWidth, class Body>
__global__ void __launch_bounds__(kFlatThreads) flat(Body body, int64_t count) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t vectors = count / kWidth;
  for (int64_t i = thread; i < vectors; i += stride) body.template compute<kWidth>(i * kWidth);
  if constexpr (kWidth > 1) {
    for (int64_t i = vectors * kWidth + thread; i < count; i += stride) body.template compute<1>(i);
  }
}

template <int kWidth, class Body>
cudaError_t launch_flat(const Body& body, int64_t count, cudaStream_t stream) {
  const int64_t items = (count + kWidth - 1) / kWidth;
  const int64_t blocks = std::min((items + kFlatThreads - 1) / kFlatThreads, kFlatBlocks);
  const LaunchShape shape{dim3(static_cast<unsigned>(blocks)), dim3(kFlatThreads), 0};
  return launch(flat<kWidth, Body>, shape, stream, body, count);
}

// Below, 32-bit arithmetic on indices will do, which GPUs divide several times faster.
constexpr int64_t kSmallCount = int64_t{1} << 31;

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_FLAT_H_
