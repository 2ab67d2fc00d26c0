#include "elementwise/cast.h"

#include <algorithm>

#include "elementwise/flat.h"
#include "elementwise/vector.h"

namespace paroattn {
namespace cuda {
namespace {

template <class From, class To>
struct Cast {
  const From* input;
  To* output;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    float values[kWidth];
    load(input + first, values);
    store(values, output + first);
  }
};

template <class From, class To>
cudaError_t start(const CastProblem& problem, cudaStream_t stream) {
  constexpr int kWidth = std::min(kWidestVector<From>, kWidestVector<To>);
  const Cast<From, To> body{static_cast<const From*>(problem.input), static_cast<To*>(problem.output)};
  const bool wide =
      is_aligned(problem.input, kWidth * sizeof(From)) && is_aligned(problem.output, kWidth * sizeof(To));
  return wide ? launch_flat<kWidth>(body, problem.count, stream) : launch_flat<1>(body, problem.count, stream);
}

template <class From>
cudaError_t start_to(const CastProblem& problem, cudaStream_t stream) {
  switch (problem.to) {
    case Element::kF32: return start<From, float>(problem, stream);
    case Element::kF16: return start<From, Half>(problem, stream);
    case Element::kBF16: return start<From, BFloat16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t cast(const CastProblem& problem, cudaStream_t stream) {
  if (problem.count == 0) return cudaSuccess;
  if (problem.count < 0 || problem.input == nullptr || problem.output == nullptr) return cudaErrorInvalidValue;
  if (problem.from == problem.to) {
    const size_t bytes = static_cast<size_t>(problem.count) * size_of(problem.from);
    return cudaMemcpyAsync(problem.output, problem.input, bytes, cudaMemcpyDeviceToDevice, stream);
  }
  switch (problem.from) {
    case Element::kF32: return start_to<float>(problem, stream);
    case Element::kF16: return start_to<Half>(problem, stream);
    case Element::kBF16: return start_to<BFloat16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
