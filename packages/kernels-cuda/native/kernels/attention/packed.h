// What the front writes, and the attention kernel and the block statistics read.
//
// Tokens are cut into blocks of 64 (the last one of a segment may be short). A panel holds one head's rows, block by
// block, 64 rows a block whatever the block's length, rows beyond it zero: every tile is one contiguous, aligned image.
#ifndef PAROATTN_CUDA_ATTENTION_PACKED_H_
#define PAROATTN_CUDA_ATTENTION_PACKED_H_

#include <cstdint>

#include "common/element.h"

namespace paroattn {
namespace cuda {

constexpr int kBlock = 64;

// Channels of a packed row; the rest is zero. 0: not a head dim of these kernels (64, 72, 96, 128).
constexpr int packed_head_dim(int head_dim) {
  return head_dim == 64 ? 64 : head_dim == 72 ? 80 : head_dim == 96 ? 96 : head_dim == 128 ? 128 : 0;
}

// All pointers are to device memory, 16-byte aligned.
struct PackedOperands {
  Element element = Element::kBF16;  // f16 or bf16
  int batch = 1;
  int heads = 1;
  int key_heads = 1;  // panels of keys and values: key_value_heads, or heads where every head has its own order
  int head_dim = 64;
  int query_tokens = 0;
  int key_tokens = 0;
  int query_blocks = 0;
  int key_blocks = 0;
  float scale = 1.0f;  // of the logits; above 0 (its sign is in the queries, FrontProblem::query_factor)

  const void* query = nullptr;  // [batch, heads, query_blocks, 64, packed_head_dim]
  const void* key = nullptr;    // [batch, key_heads, key_blocks, 64, packed_head_dim]
  const void* value = nullptr;  // [batch, key_heads, key_blocks, 64, packed_head_dim]
  // Valid keys of each block; they are the block's first rows. [batch, key_heads, key_blocks], 0 .. 64.
  const int32_t* key_counts = nullptr;

  // Where packed rows come from: query_rows[order][block * 64 + row] is the token in sequence order, -1 for padding.
  // [orders, query_blocks * 64]; a row of an order holds its valid entries first within each block.
  const int32_t* query_rows = nullptr;
  const int32_t* order_choice = nullptr;  // [heads], which order; null: order 0 for every head
};

// The panel of keys that a head reads.
constexpr int key_head_of(int head, int heads, int key_heads) { return head / (heads / key_heads); }

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_PACKED_H_
