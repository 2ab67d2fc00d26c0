#include "attention/attention_launch.h"

namespace paroattn {
namespace cuda {

cudaError_t attention_bf16(const AttentionProblem& problem, cudaStream_t stream) {
  return attention_of<Element::kBF16>(problem, stream);
}

}  // namespace cuda
}  // namespace paroattn
