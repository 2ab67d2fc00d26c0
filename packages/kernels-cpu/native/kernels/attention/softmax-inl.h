// One step of the online softmax: a few rows of logits of one key block become weights, in place.
#if defined(PAROATTN_ATTENTION_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_SOFTMAX_INL_H_
#undef PAROATTN_ATTENTION_SOFTMAX_INL_H_
#else
#define PAROATTN_ATTENTION_SOFTMAX_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "attention.h"
#include "exp2-inl.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "tile_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kTileVectors = kBlock / kLanes;

// Logits are in powers of two. The reference of a row follows its maximum lazily: it moves, and the accumulator is
// rescaled, only when a logit exceeds it by more than this. Weights then reach 2^8, which costs f32 no precision, and
// after the first blocks of a row no horizontal maximum is ever taken.
constexpr float kSlack = 8.0f;

// State of one query row.
struct RowState {
  float* reference;  // what is subtracted from the logits
  float* sum;        // [16] partial sums, one per lane
  float* output;     // [padded_dim] accumulator
  size_t padded_dim;
};

HWY_NOINLINE inline void move_reference(const float* logits, const RowState& row) {
  const F32 d;
  VF32 most = hn::Load(d, logits);
  for (size_t v = 1; v < kTileVectors; ++v) most = hn::Max(most, hn::Load(d, logits + v * kLanes));
  const float maximum = hn::GetLane(hn::MaxOfLanes(d, most));
  const float factor = hn::GetLane(exp2(d, hn::Set(d, *row.reference - maximum)));
  *row.reference = maximum;
  scale_in_place(row.sum, kPad, factor);
  scale_in_place(row.output, row.padded_dim, factor);
}

// logits: [64], aligned; excluded keys hold -infinity. On return: weights 2^(logit - reference).
HWY_INLINE void softmax_row(float* logits, const RowState& row) {
  const F32 d;
  VF32 most = hn::Load(d, logits);
#pragma GCC unroll 4
  for (size_t v = 1; v < kTileVectors; ++v) most = hn::Max(most, hn::Load(d, logits + v * kLanes));
  // A NaN logit spoils the sum and so the row, as it must, whether or not it shows here.
  if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(most, hn::Set(d, *row.reference + kSlack))))) move_reference(logits, row);
  const VF32 reference = hn::Set(d, *row.reference);
  VF32 sum = hn::Load(d, row.sum);
#pragma GCC unroll 4
  for (size_t v = 0; v < kTileVectors; ++v) {
    const VF32 weight = exp2(d, hn::Sub(hn::Load(d, logits + v * kLanes), reference));
    sum = hn::Add(sum, weight);
    hn::Store(weight, d, logits + v * kLanes);
  }
  hn::Store(sum, d, row.sum);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
