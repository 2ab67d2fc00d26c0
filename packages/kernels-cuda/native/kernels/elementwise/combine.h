// Sum of factor * tensor over tensors of one shape: guidance and the steps of schedulers.
#ifndef PAROATTN_CUDA_ELEMENTWISE_COMBINE_H_
#define PAROATTN_CUDA_ELEMENTWISE_COMBINE_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

// More would need sums between, each rounded.
constexpr int kMaxTerms = 64;

struct CombineProblem {
  Element element = Element::kF32;  // of the tensors and the output
  int term_count = 0;               // 1 .. kMaxTerms
  int64_t count = 0;                // elements
  const void* tensors[kMaxTerms] = {};
  float factors[kMaxTerms] = {};
  void* output = nullptr;  // may be one of the tensors
};

// Enqueues the kernel. An empty result enqueues nothing.
cudaError_t combine(const CombineProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, rounded once.
void combine_reference(const CombineProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_COMBINE_H_
