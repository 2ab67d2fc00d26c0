// What the attention kernel and the statistics share: logits of a few query rows against one key block.
#if defined(PAROATTN_ATTENTION_TILE_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#undef PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#else
#define PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#endif

#include <cstddef>

#include "bf16-inl.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The panel of a key block, [head_dim][64]. room: [64][padded_dim], for one that is to be widened.
HWY_INLINE const float* keys_of(const Operands& operands, size_t b, size_t set, size_t kb, float* room) {
  if (operands.query_key_type == NumberType::kF32) return operands.key_panel(b, set, kb);
  widen_pairs(operands.key_pairs(b, set, kb), (operands.head_dim + 1) / 2, kBlock, room);
  return room;
}

// That of its values, [64][padded_dim].
HWY_INLINE const float* values_of(const Operands& operands, size_t b, size_t set, size_t kb, float* room) {
  if (operands.value_type == NumberType::kF32) return operands.value_panel(b, set, kb);
  widen_pairs(operands.value_pairs(b, set, kb), kBlock / 2, operands.padded_dim, room);
  return room;
}

// The panels of a key block as they lie in memory, to be fetched.
HWY_INLINE Fetch fetch_keys(const Operands& operands, size_t b, size_t set, size_t kb) {
  if (operands.query_key_type == NumberType::kF32) return fetch_of(operands.key_panel(b, set, kb), kBlock * operands.head_dim);
  return fetch_of(operands.key_pairs(b, set, kb), kBlock / 2 * operands.head_dim);
}
HWY_INLINE Fetch fetch_values(const Operands& operands, size_t b, size_t set, size_t kb) {
  const size_t padded_dim = operands.padded_dim;
  if (operands.value_type == NumberType::kF32) return fetch_of(operands.value_panel(b, set, kb), kBlock * padded_dim);
  return fetch_of(operands.value_pairs(b, set, kb), kBlock / 2 * padded_dim);
}

// logits[rows, 64] = query[rows, head_dim] * key_panel[head_dim, 64]
HWY_INLINE void compute_logits(const Operands& operands, size_t rows, const float* query, const float* key_panel,
                               float* logits, Fetch& fetch) {
  multiply<false>(rows, {query, operands.padded_dim, key_panel, kBlock, logits, kBlock, operands.head_dim}, kBlock, fetch);
}
HWY_INLINE void compute_logits(const Operands& operands, size_t rows, const float* query, const float* key_panel,
                               float* logits) {
  Fetch nothing = {nullptr, nullptr};
  compute_logits(operands, rows, query, key_panel, logits, nothing);
}

// values: [count], aligned; count is a multiple of 16.
HWY_INLINE void scale_in_place(float* values, size_t count, float factor) {
  const F32 d;
  for (size_t i = 0; i < count; i += kLanes) {
    hn::Store(hn::Mul(hn::Load(d, values + i), hn::Set(d, factor)), d, values + i);
  }
}

// Makes excluded keys vanish from the softmax. exclusion: [64], 0 or -infinity.
HWY_INLINE void exclude_keys(const float* exclusion, size_t rows, float* logits) {
  const F32 d;
  for (size_t i = 0; i < rows * kBlock; i += kLanes) {
    hn::Store(hn::Add(hn::Load(d, logits + i), hn::Load(d, exclusion + i % kBlock)), d, logits + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
