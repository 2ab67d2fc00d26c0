#include "elementwise/combine.h"

#include "elementwise/flat.h"
#include "elementwise/vector.h"

namespace paroattn {
namespace cuda {
namespace {

template <class T>
struct Combine {
  CombineProblem problem;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    float sums[kWidth];
    load(static_cast<const T*>(problem.tensors[0]) + first, sums);
    const float factor = problem.factors[0];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sums[i] *= factor;
    // Two loads on their way; with more the wide vectors spill.
#pragma unroll 2
    for (int term = 1; term < problem.term_count; ++term) add_term(term, first, sums);
    store(sums, static_cast<T*>(problem.output) + first);
  }

  template <int kWidth>
  __device__ __forceinline__ void add_term(int term, int64_t first, float (&sums)[kWidth]) const {
    float values[kWidth];
    load(static_cast<const T*>(problem.tensors[term]) + first, values);
    const float factor = problem.factors[term];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sums[i] = fmaf(factor, values[i], sums[i]);
  }
};

template <class T>
cudaError_t start(const CombineProblem& problem, cudaStream_t stream) {
  bool wide = is_aligned(problem.output, 16);
  for (int term = 0; term < problem.term_count; ++term) wide = wide && is_aligned(problem.tensors[term], 16);
  const Combine<T> body{problem};
  return wide ? launch_flat<kWidestVector<T>>(body, problem.count, stream)
              : launch_flat<1>(body, problem.count, stream);
}

bool is_valid(const CombineProblem& problem) {
  if (problem.count < 0 || problem.term_count < 1 || problem.term_count > kMaxTerms) return false;
  for (int term = 0; term < problem.term_count; ++term) {
    if (problem.tensors[term] == nullptr) return false;
  }
  return problem.output != nullptr;
}

}  // namespace

cudaError_t combine(const CombineProblem& problem, cudaStream_t stream) {
  if (problem.count == 0) return cudaSuccess;
  if (!is_valid(problem)) return cudaErrorInvalidValue;
  switch (problem.element) {
    case Element::kF32: return start<float>(problem, stream);
    case Element::kF16: return start<Half>(problem, stream);
    case Element::kBF16: return start<BFloat16>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
