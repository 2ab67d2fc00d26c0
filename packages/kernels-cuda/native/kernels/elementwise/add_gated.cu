#include "elementwise/add_gated.h"

#include "elementwise/flat.h"
#include "elementwise/vector.h"

namespace paroattn {
namespace cuda {
namespace {

// Index: a type in which the result's elements can be counted. A vector lies within one row.
template <class T, class Index>
struct AddGated {
  const T* residual;
  const T* value;
  const T* gate;
  T* output;
  Index channels;
  Index batch_elements;  // tokens * channels

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    const Index index = static_cast<Index>(first);
    const int64_t batch = index / batch_elements;
    const int64_t channel = index % channels;
    float sums[kWidth], values[kWidth], gates[kWidth];
    load(residual + first, sums);
    load(value + first, values);
    load(gate + batch * channels + channel, gates);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sums[i] = fmaf(gates[i], values[i], sums[i]);
    store(sums, output + first);
  }
};

template <class T, class Index>
cudaError_t start(const AddGatedProblem& problem, int64_t count, cudaStream_t stream) {
  const AddGated<T, Index> body{static_cast<const T*>(problem.residual),
                                static_cast<const T*>(problem.value),
                                static_cast<const T*>(problem.gate),
                                static_cast<T*>(problem.output),
                                static_cast<Index>(problem.channels),
                                static_cast<Index>(problem.tokens * problem.channels)};
  const bool wide = problem.channels % kWidestVector<T> == 0 && is_aligned(problem.residual, 16) &&
                    is_aligned(problem.value, 16) && is_aligned(problem.gate, 16) && is_aligned(problem.output, 16);
  return wide ? launch_flat<kWidestVector<T>>(body, count, stream) : launch_flat<1>(body, count, stream);
}

template <class T>
cudaError_t start_indexed(const AddGatedProblem& problem, int64_t count, cudaStream_t stream) {
  return count < kSmallCount ? start<T, uint32_t>(problem, count, stream)
                             : start<T, int64_t>(problem, count, stream);
}

}  // namespace

cudaError_t add_gated(const AddGatedProblem& problem, cudaStream_t stream) {
  if (problem.batch < 0 || problem.tokens < 0 || problem.channels < 0) return cudaErrorInvalidValue;
  const int64_t count = problem.batch * problem.tokens * problem.channels;
  if (count == 0) return cudaSuccess;
  if (problem.residual == nullptr || problem.value == nullptr || problem.gate == nullptr ||
      problem.output == nullptr) {
    return cudaErrorInvalidValue;
  }
  switch (problem.element) {
    case Element::kF32: return start_indexed<float>(problem, count, stream);
    case Element::kF16: return start_indexed<Half>(problem, count, stream);
    case Element::kBF16: return start_indexed<BFloat16>(problem, count, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
