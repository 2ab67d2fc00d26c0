#include "norms/norm_kernels.h"
#include "norms/norms.h"
#include "norms/row.h"

namespace paroattn {
namespace cuda {
namespace {

struct RmsNorm {
  static constexpr bool kCentered = false;
  ChannelVector weight;

  template <int kWidth>
  __device__ __forceinline__ void finish(int64_t, int channel, float (&values)[kWidth]) const {
    scale_channels(weight, ChannelVector{}, channel, values);
  }
};

template <class T>
cudaError_t start(const RmsNormProblem& problem, cudaStream_t stream) {
  const Rows<T> rows{static_cast<const T*>(problem.input), static_cast<T*>(problem.output), problem.rows,
                     static_cast<int>(problem.channels), problem.epsilon};
  return launch_norm(RmsNorm{problem.weight}, rows, is_aligned(problem.weight.data, 16), stream);
}

}  // namespace

cudaError_t rms_norm(const RmsNormProblem& problem, cudaStream_t stream) {
  if (problem.rows < 0 || problem.channels < 0) return cudaErrorInvalidValue;
  if (problem.rows * problem.channels == 0) return cudaSuccess;
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
