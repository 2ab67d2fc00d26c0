// What can be asked of attention(), checked on the host.
#include "attention/attention.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace paroattn {
namespace cuda {

cudaError_t attention_bf16(const AttentionProblem& problem, cudaStream_t stream);
cudaError_t attention_f16(const AttentionProblem& problem, cudaStream_t stream);

namespace {

bool aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }

bool valid(const PackedOperands& operands) {
  if (packed_head_dim(operands.head_dim) == 0) return false;
  if (operands.element != Element::kBF16 && operands.element != Element::kF16) return false;
  if (operands.batch < 1 || operands.heads < 1 || operands.key_heads < 1) return false;
  if (operands.heads % operands.key_heads != 0) return false;
  if (operands.query_tokens < 1 || operands.key_tokens < 1) return false;
  if (operands.query_blocks < 1 || operands.key_blocks < 1) return false;
  if (!(operands.scale > 0.0f) || !std::isfinite(operands.scale)) return false;
  if (operands.query == nullptr || operands.key == nullptr || operands.value == nullptr) return false;
  if (operands.key_counts == nullptr || operands.query_rows == nullptr) return false;
  return aligned(operands.query) && aligned(operands.key) && aligned(operands.value);
}

bool valid(const AttentionProblem& problem) {
  const PackedOperands& operands = problem.operands;
  if (problem.output == nullptr || problem.counter == nullptr) return false;
  if (!aligned(problem.output) || !aligned(problem.residual)) return false;
  if (problem.mask != nullptr) {
    if (problem.mask_batch != 1 && problem.mask_batch != operands.batch) return false;
    if (static_cast<int64_t>(problem.mask_words) * 32 < operands.key_blocks) return false;
  }
  return problem.item_count >= 0;
}

}  // namespace

cudaError_t attention(const AttentionProblem& problem, cudaStream_t stream) {
  if (!valid(problem.operands) || !valid(problem)) return cudaErrorInvalidValue;
  AttentionProblem complete = problem;
  if (problem.items == nullptr) {
    const PackedOperands& operands = problem.operands;
    const int64_t items = static_cast<int64_t>(operands.batch) * operands.heads * ((operands.query_blocks + 1) / 2);
    if (items > std::numeric_limits<int>::max() / 2) return cudaErrorInvalidValue;
    complete.item_count = static_cast<int>(items);
  }
  if (complete.item_count == 0) return cudaSuccess;
  return complete.operands.element == Element::kBF16 ? attention_bf16(complete, stream)
                                                     : attention_f16(complete, stream);
}

}  // namespace cuda
}  // namespace paroattn
