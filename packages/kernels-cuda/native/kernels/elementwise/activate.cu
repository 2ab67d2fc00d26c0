#include "elementwise/activate.h"

#include "elementwise/activation_math.h"
#include "elementwise/flat.h"
#include "elementwise/vector.h"

namespace paroattn {
namespace cuda {
namespace {

template <class T, Activation kActivation>
struct Activate {
  const T* input;
  T* output;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    float values[kWidth];
    load(input + first, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = activated<kActivation>(values[i]);
    store(values, output + first);
  }
};

template <class T, Activation kActivation>
cudaError_t start(const ActivateProblem& problem, cudaStream_t stream) {
  const Activate<T, kActivation> body{static_cast<const T*>(problem.input), static_cast<T*>(problem.output)};
  const bool wide = is_aligned(problem.input, 16) && is_aligned(problem.output, 16);
  return wide ? launch_flat<kWidestVector<T>>(body, problem.count, stream)
              : launch_flat<1>(body, problem.count, stream);
}

template <class T>
cudaError_t start_activation(const ActivateProblem& problem, cudaStream_t stream) {
  switch (problem.activation) {
    case Activation::kSilu: return start<T, Activation::kSilu>(problem, stream);
    case Activation::kGelu: return start<T, Activation::kGelu>(problem, stream);
    case Activation::kGeluTanh: return start<T, Activation::kGeluTanh>(problem, stream);
    case Activation::kRelu: return start<T, Activation::kRelu>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t activate(const ActivateProblem& problem, cudaStream_t stream) {
  if (problem.count == 0) return cudaSuccess;
  if (problem.count < 0 || problem.input == nullptr || problem.output == nullptr) return cudaErrorInvalidValue;
  switch (problem.element) {
    case Element::kF32: return start_activation<float>(problem, stream);
    case Element::kF16: return start_activation<Half>(problem, stream);
    case Element::kBF16: return start_activation<BFloat16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
