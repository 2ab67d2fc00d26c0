// Numbers of bf16, the upper half of an f32: widened, rounded, paired.
#if defined(PAROATTN_ATTENTION_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_BF16_INL_H_
#undef PAROATTN_ATTENTION_BF16_INL_H_
#else
#define PAROATTN_ATTENTION_BF16_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "micro_kernel-inl.h"

#ifndef PAROATTN_ATTENTION_BF16_
#define PAROATTN_ATTENTION_BF16_
namespace paroattn {
namespace attention {

using Bf16 = uint16_t;

}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using U32 = hn::RebindToUnsigned<F32>;
using VU32 = hn::Vec<U32>;
using HalfWords = hn::Rebind<Bf16, F32>;

// Rounds to the nearest, halves to even, in the upper half; the lower one is left over. NaN stays NaN.
HWY_INLINE VU32 round_to_upper_half(VF32 v) {
  const U32 du;
  const VU32 bits = hn::BitCast(du, v);
  const VU32 odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const VU32 rounded = hn::Add(hn::Add(bits, odd), hn::Set(du, 0x7fff));
  return hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(v)), hn::Or(bits, hn::Set(du, 0x400000)), rounded);
}

HWY_INLINE VF32 load(F32 d, const float* from) { return hn::LoadU(d, from); }
HWY_INLINE VF32 load(F32 d, const Bf16* from) {
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(U32(), hn::LoadU(HalfWords(), from))));
}
HWY_INLINE void store(VF32 v, F32 d, float* to) { hn::StoreU(v, d, to); }
HWY_INLINE void store(VF32 v, F32, Bf16* to) {
  const hn::RebindToSigned<F32> di;
  const VU32 upper = hn::ShiftRight<16>(round_to_upper_half(v));
  hn::StoreU(hn::DemoteTo(HalfWords(), hn::BitCast(di, upper)), HalfWords(), to);
}

HWY_INLINE float widened(float number) { return number; }
HWY_INLINE float widened(Bf16 number) {
  const uint32_t bits = static_cast<uint32_t>(number) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}
template <class Number>
HWY_INLINE Number narrowed(float number) {
  if constexpr (sizeof(Number) == sizeof(float)) {
    return number;
  } else {
    return static_cast<Bf16>(hn::GetLane(round_to_upper_half(hn::Set(F32(), number))) >> 16);
  }
}

// Any alignment.
HWY_INLINE void widen_row(const Bf16* from, size_t count, float* to) {
  size_t c = 0;
  for (; c + kLanes <= count; c += kLanes) hn::StoreU(load(F32(), from + c), F32(), to + c);
  for (; c < count; ++c) to[c] = widened(from[c]);
}

// numbers: [count], aligned; count is a multiple of 16. Rounds them to bf16, then scales them.
HWY_INLINE void round_and_scale(float* numbers, size_t count, float factor) {
  const F32 d;
  for (size_t i = 0; i < count; i += kLanes) {
    const VU32 rounded = hn::And(round_to_upper_half(hn::Load(d, numbers + i)), hn::Set(U32(), 0xffff0000u));
    hn::Store(hn::Mul(hn::BitCast(d, rounded), hn::Set(d, factor)), d, numbers + i);
  }
}

// Words of two numbers, both rounded.
HWY_INLINE VU32 pair_of(VF32 low, VF32 high) {
  return hn::Or(hn::ShiftRight<16>(round_to_upper_half(low)),
                hn::And(round_to_upper_half(high), hn::Set(U32(), 0xffff0000u)));
}

// words: [pairs][columns]; rows: [2 * pairs][columns]; both aligned, columns a multiple of 16.
HWY_INLINE void widen_pairs(const uint32_t* words, size_t pairs, size_t columns, float* rows) {
  const F32 d;
  const U32 du;
  for (size_t i = 0; i < pairs; ++i, words += columns, rows += 2 * columns) {
    for (size_t c = 0; c < columns; c += kLanes) {
      const VU32 word = hn::Load(du, words + c);
      hn::Store(hn::BitCast(d, hn::ShiftLeft<16>(word)), d, rows + c);
      hn::Store(hn::BitCast(d, hn::And(word, hn::Set(du, 0xffff0000u))), d, rows + columns + c);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
