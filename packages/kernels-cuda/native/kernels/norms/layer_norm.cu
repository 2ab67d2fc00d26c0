#include "norms/norm_kernels.h"
#include "norms/norms.h"
#include "norms/row.h"

namespace paroattn {
namespace cuda {
namespace {

template <class T>
struct LayerNorm {
  static constexpr bool kCentered = true;
  ChannelVector weight;
  ChannelVector bias;
  const T* scale;
  const T* shift;
  int64_t tokens;
  int64_t channels;

  template <int kWidth>
  __device__ __forceinline__ void finish(int64_t row, int channel, float (&values)[kWidth]) const {
    scale_channels(weight, bias, channel, values);
    if (scale == nullptr) return;
    const int64_t at = row / tokens * channels + channel;
    float scales[kWidth], shifts[kWidth];
    load(scale + at, scales);
    load(shift + at, shifts);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = fmaf(values[i], 1.0f + scales[i], shifts[i]);
  }
};

template <class T>
cudaError_t start(const LayerNormProblem& problem, cudaStream_t stream) {
  const Rows<T> rows{static_cast<const T*>(problem.input), static_cast<T*>(problem.output),
                     problem.batch * problem.tokens, static_cast<int>(problem.channels), problem.epsilon};
  const LayerNorm<T> norm{problem.weight, problem.bias, static_cast<const T*>(problem.scale),
                          static_cast<const T*>(problem.shift), problem.tokens, problem.channels};
  const bool wide = is_aligned(problem.weight.data, 16) && is_aligned(problem.bias.data, 16) &&
                    is_aligned(problem.scale, 16) && is_aligned(problem.shift, 16);
  return launch_norm(norm, rows, wide, stream);
}

}  // namespace

cudaError_t layer_norm(const LayerNormProblem& problem, cudaStream_t stream) {
  if (problem.batch < 0 || problem.tokens < 0 || problem.channels < 0) return cudaErrorInvalidValue;
  if ((problem.scale == nullptr) != (problem.shift == nullptr)) return cudaErrorInvalidValue;
  if (problem.batch * problem.tokens * problem.channels == 0) return cudaSuccess;
  if (problem.channels > kMostChannels) return cudaErrorInvalidValue;
  if (problem.input == nullptr || problem.output == nullptr) return cudaErrorInvalidValue;
  switch (problem.element) {
    case Element::kF32: return start<float>(problem, stream);
    case Element::kF16: return start<Half>(problem, stream);
    case Element::kBF16: return start<BFloat16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
