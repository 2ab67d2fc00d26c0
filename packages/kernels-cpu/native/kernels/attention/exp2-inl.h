// 2^x for vectors. Per-target include guard: this file is compiled once per instruction set.
#if defined(PAROATTN_ATTENTION_EXP2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_EXP2_INL_H_
#undef PAROATTN_ATTENTION_EXP2_INL_H_
#else
#define PAROATTN_ATTENTION_EXP2_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 2^x for x < 127, at most 2.1 ulp off with fused multiply-add and 2.3 without (tested).
// Exactly 0 below -126 (no denormals) and at -infinity, exactly 1 at 0, NaN at NaN.
// x = n + f with f in [-1/2, 1/2]; 2^f by a polynomial of degree 5, minimax in the relative error with value 1 at 0;
// n is added to the exponent bits.
template <class D, class V>
HWY_INLINE V exp2(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V round = hn::Set(d, 12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  const V shifted = hn::Add(x, round);
  const V f = hn::Sub(x, hn::Sub(shifted, round));
  V p = hn::Set(d, 1.3264727123629243e-3f);
  p = hn::MulAdd(p, f, hn::Set(d, 9.671512644831893e-3f));
  p = hn::MulAdd(p, f, hn::Set(d, 5.5507337434968745e-2f));
  p = hn::MulAdd(p, f, hn::Set(d, 2.4022242085262138e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 6.93146977598993e-1f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(du, shifted));
  const V scaled = hn::BitCast(d, hn::Add(hn::BitCast(du, p), exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -126.0f)), scaled);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
