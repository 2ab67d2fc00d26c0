// The fused front: norm, rotary embedding, reorder and packing in one pass over the projections.
#ifndef PAROATTN_CUDA_FRONT_FRONT_H_
#define PAROATTN_CUDA_FRONT_FRONT_H_

#include <cstdint>

#include "attention/packed.h"
#include "common/device.h"

namespace paroattn {
namespace cuda {

enum class NormKind : int { kNone = 0, kRms = 1, kLayer = 2 };
enum class Pairing : int { kNone = 0, kInterleaved = 1, kHalf = 2 };

// One of query, key and value in sequence order: heads' channels are contiguous, rows may be strided (a fused QKV product).
struct Projection {
  const void* data = nullptr;
  int64_t batch_stride = 0;  // in elements
  int64_t token_stride = 0;
};

struct FrontProblem {
  Element input_element = Element::kBF16;  // of the projections
  Projection query, key, value;
  int key_value_heads = 1;

  // Rows of keys as PackedOperands::query_rows has them for queries (the same table in self-attention).
  const int32_t* key_rows = nullptr;
  const int32_t* key_lengths = nullptr;  // [batch], valid keys from the start of the sequence; null: all

  NormKind norm = NormKind::kNone;
  float epsilon = 0.0f;
  const float* query_weight = nullptr;  // [head_dim]; null: ones
  const float* key_weight = nullptr;
  const float* query_bias = nullptr;  // [head_dim], layer norm only; null: zeros
  const float* key_bias = nullptr;

  Pairing pairing = Pairing::kNone;
  const float* cosine = nullptr;  // [tokens, head_dim / 2], sequence order
  const float* sine = nullptr;

  // Queries are packed times it: 1, or -1 or 0 for logits whose scale is not above 0, which attention takes.
  float query_factor = 1.0f;

  // Sizes, scale, query_rows and order_choice are read; query, key, value and key_counts are written.
  // Invalid keys (beyond key_lengths) come last in their block; query rows keep their places.
  PackedOperands packed;
};

// Enqueues the kernels; allocates nothing and waits for nothing.
cudaError_t front(const FrontProblem& problem, cudaStream_t stream);

// The same on host pointers: arithmetic in double, one rounding into the packed element.
void front_reference(const FrontProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_FRONT_H_
