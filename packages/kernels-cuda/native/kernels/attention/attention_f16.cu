#include "attention/attention_launch.h"

namespace paroattn {
namespace cuda {

cudaError_t attention_f16(const AttentionProblem& problem, cudaStream_t stream) {
  return attention_of<Element::kF16>(problem, stream);
}

}  // namespace cuda
}  // namespace paroattn
