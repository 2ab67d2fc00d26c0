// Dense and block-sparse attention on packed operands. Dense is the same kernel with every block live.
#ifndef PAROATTN_CUDA_ATTENTION_ATTENTION_H_
#define PAROATTN_CUDA_ATTENTION_ATTENTION_H_

#include <cstdint>

#include "attention/packed.h"
#include "common/device.h"

namespace paroattn {
namespace cuda {

// A unit of work: two neighbouring query blocks of one head (the second is missing in an odd last one).
struct WorkItem {
  uint32_t head;         // batch row * heads + head
  uint32_t query_block;  // the first of the two, even
};

struct AttentionProblem {
  PackedOperands operands;

  // Mask bits: [mask_batch, heads, query_blocks, mask_words] u32, least significant bit first, rows padded with zeros
  // to 16 bytes; mask_batch is 1 (shared) or the batch. Null: dense.
  const uint32_t* mask = nullptr;
  int mask_batch = 1;
  int mask_words = 0;
  // [item_count] in the order of work (work_order.h). A shared mask lists the items of all batch rows. Null: all items
  // in natural order; item_count is not read.
  const WorkItem* items = nullptr;
  int item_count = 0;

  Element output_element = Element::kBF16;  // of output and residual
  void* output = nullptr;                   // [batch, query_tokens, heads * head_dim], sequence order
  const float* row_scale = nullptr;         // [batch, heads, query_tokens], sequence order
  const void* residual = nullptr;           // as output; may be output itself
  float* log_sum_exp = nullptr;             // [batch, heads, query_tokens], sequence order, natural log

  // [2] zeros on the device, for one launch at a time; the kernel leaves them zero, so a graph can replay it.
  uint32_t* counter = nullptr;
  const int* cancelled = nullptr;  // mapped host memory; once it is not 0 blocks stop taking items. May be null
};

// Enqueues the kernel; the host waits for nothing. A query row without a live valid key has output 0 (times row_scale,
// plus residual) and log-sum-exp -inf: callers refuse such masks beforehand. cudaErrorInvalidValue for sizes, pointers
// or alignments that cannot be; keys and values beyond a block's count are finite.
cudaError_t attention(const AttentionProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, operands and P unrounded: the oracle.
void attention_reference(const AttentionProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_ATTENTION_H_
