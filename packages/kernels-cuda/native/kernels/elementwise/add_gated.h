// residual + gate * value, the gate broadcast over the tokens: what ends a block of an adaptive transformer.
#ifndef PAROATTN_CUDA_ELEMENTWISE_ADD_GATED_H_
#define PAROATTN_CUDA_ELEMENTWISE_ADD_GATED_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

struct AddGatedProblem {
  Element element = Element::kF32;  // of all four
  int64_t batch = 0;
  int64_t tokens = 0;
  int64_t channels = 0;
  const void* residual = nullptr;  // [batch, tokens, channels]
  const void* value = nullptr;     // [batch, tokens, channels]
  const void* gate = nullptr;      // [batch, channels]
  void* output = nullptr;          // [batch, tokens, channels]; may be residual or value
};

// Enqueues the kernel. An empty result enqueues nothing.
cudaError_t add_gated(const AddGatedProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, rounded once.
void add_gated_reference(const AddGatedProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_ADD_GATED_H_
