// silu, gelu, gelu by tanh, relu. A NaN stays NaN, in relu too.
#ifndef PAROATTN_CUDA_ELEMENTWISE_ACTIVATE_H_
#define PAROATTN_CUDA_ELEMENTWISE_ACTIVATE_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

enum class Activation : int { kSilu = 0, kGelu = 1, kGeluTanh = 2, kRelu = 3 };

struct ActivateProblem {
  Element element = Element::kF32;  // of input and output
  Activation activation = Activation::kSilu;
  int64_t count = 0;  // elements
  const void* input = nullptr;
  void* output = nullptr;  // may be the input
};

// Enqueues the kernel. An empty result enqueues nothing.
cudaError_t activate(const ActivateProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, rounded once.
void activate_reference(const ActivateProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_ACTIVATE_H_
