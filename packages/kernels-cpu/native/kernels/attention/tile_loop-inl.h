// What the attention kernel and the statistics share: logits of a few query rows against one key block.
#if defined(PAROATTN_ATTENTION_TILE_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#undef PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#else
#define PAROATTN_ATTENTION_TILE_LOOP_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// logits[rows, 64] = query[rows, head_dim] * key_panel[head_dim, 64]
HWY_INLINE void compute_logits(const Operands& operands, size_t rows, const float* query, const float* key_panel,
                               float* logits) {
  multiply<false>(rows, {query, operands.padded_dim, key_panel, kBlock, logits, kBlock, operands.head_dim}, kBlock);
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
