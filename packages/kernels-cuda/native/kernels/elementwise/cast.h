// From one type of numbers to another, rounded to nearest even; beyond a type's range is infinity.
#ifndef PAROATTN_CUDA_ELEMENTWISE_CAST_H_
#define PAROATTN_CUDA_ELEMENTWISE_CAST_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

struct CastProblem {
  Element from = Element::kF32;
  Element to = Element::kF32;  // the same as `from`: a copy
  int64_t count = 0;           // elements
  const void* input = nullptr;
  void* output = nullptr;  // does not overlap the input
};

// Enqueues the kernel. An empty result enqueues nothing.
cudaError_t cast(const CastProblem& problem, cudaStream_t stream);

// The same on host pointers.
void cast_reference(const CastProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_CAST_H_
