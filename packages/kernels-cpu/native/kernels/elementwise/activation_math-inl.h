// Vector forms of the activations. No include guard: Highway includes it once per target.
#if defined(PAROATTN_ACTIVATION_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ACTIVATION_MATH_INL_H_
#undef PAROATTN_ACTIVATION_MATH_INL_H_
#else
#define PAROATTN_ACTIVATION_MATH_INL_H_
#endif

#include "attention/exp2-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float kLog2E = 1.44269504f;

// 1 / x, at most 2 ulp off, for x whose reciprocal is normal. x86 divides 16 numbers in the time of 8 multiplications; its
// approximation has 12 or 14 bits, which one step of Newton doubles.
template <class D, class V>
HWY_INLINE V reciprocal(D d, V x) {
#if HWY_ARCH_X86
  const V approximate = hn::ApproximateReciprocal(x);
  return hn::Mul(approximate, hn::NegMulAdd(x, approximate, hn::Set(d, 2.0f)));
#else
  return hn::Div(hn::Set(d, 1.0f), x);
#endif
}

template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  return attention::HWY_NAMESPACE::exp2(d, hn::Mul(x, hn::Set(d, kLog2E)));
}

// 1 / (1 + exp(-x)).
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  // Past it the quotient is below 2e-35; the bound keeps it normal.
  const V bounded = hn::Max(x, hn::Set(d, -80.0f));
  return reciprocal(d, hn::Add(hn::Set(d, 1.0f), exp(d, hn::Neg(bounded))));
}

// erfc(z) for z in 0 .. 15 (beyond it is 0 in f32), relative error about 1.2e-7: W. Press et al., "Numerical Recipes", the Chebyshev fit of erfcc.
template <class D, class V>
HWY_INLINE V erfc_positive(D d, V z) {
  const V t = reciprocal(d, hn::MulAdd(z, hn::Set(d, 0.5f), hn::Set(d, 1.0f)));
  V sum = hn::Set(d, 0.17087277f);
  for (const float coefficient : {-0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f, -0.18628806f, 0.09678418f,
                                  0.37409196f, 1.00002368f, -1.26551223f}) {
    sum = hn::MulAdd(sum, t, hn::Set(d, coefficient));
  }
  return hn::Mul(t, exp(d, hn::NegMulAdd(z, z, sum)));
}

// x * Phi(x), by the tail of the nearer side, so that large negative x keep their digits.
template <class D, class V>
HWY_INLINE V gelu(D d, V x) {
  const V z = hn::Min(hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678f)), hn::Set(d, 15.0f));
  const V half_tail = hn::Mul(hn::Set(d, 0.5f), erfc_positive(d, z));
  const V share = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), half_tail, hn::Sub(hn::Set(d, 1.0f), half_tail));
  return hn::Mul(x, share);
}

// 0.5 x (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).
template <class D, class V>
HWY_INLINE V gelu_tanh(D d, V x) {
  const V square = hn::Mul(x, x);
  const V inner = hn::MulAdd(hn::Mul(square, x), hn::Set(d, 0.044715f), x);
  return hn::Mul(x, sigmoid(d, hn::Mul(inner, hn::Set(d, 1.5957691216f))));
}

template <class D, class V>
HWY_INLINE V silu(D d, V x) {
  return hn::Mul(x, sigmoid(d, x));
}

template <class D, class V>
HWY_INLINE V relu(D d, V x) {
  // The comparison lets NaN through, as the definition x < 0 ? 0 : x does.
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif
