// Sums of products of codes in 32-bit lanes, exact: how each instruction set does them.
//
// A word is four codes of a byte or, where an instruction set multiplies only 16 bits exactly, two of 16 bits. `add` adds
// to each lane of the sums the products of the codes in that lane of `u`, which are not negative, with those of `s`.
#if defined(PAROATTN_ATTENTION_INTEGER_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_INTEGER_DOT_INL_H_
#undef PAROATTN_ATTENTION_INTEGER_DOT_INL_H_
#else
#define PAROATTN_ATTENTION_INTEGER_DOT_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "micro_kernel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using I32 = hn::RebindToSigned<F32>;
using VI32 = hn::Vec<I32>;

#undef PAROATTN_X86
#if HWY_TARGET == HWY_AVX2
#define PAROATTN_X86(name) _mm256_##name
#elif HWY_TARGET == HWY_AVX3
#define PAROATTN_X86(name) _mm512_##name
#endif

#ifdef PAROATTN_X86

// AVX-512 VNNI, or AVX-VNNI: any bytes. In assembly, because this Highway has no target for either.
struct VnniDot {
  static constexpr size_t kCodesPerWord = 4;
  static HWY_INLINE VI32 add(VI32 sum, VI32 u, VI32 s) {
#if HWY_TARGET == HWY_AVX2
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.raw) : "x"(u.raw), "x"(s.raw));
#else
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(u.raw), "v"(s.raw));
#endif
    return sum;
  }
  static HWY_INLINE VI32 total(VI32 sum) { return sum; }
};

// Products of two pairs of bytes are summed in 16 bits, which saturate: pairs must stay below 2^15, as 127 * 127 * 2 does.
HWY_INLINE VI32 multiply_bytes(VI32 u, VI32 s) { return VI32{PAROATTN_X86(maddubs_epi16)(u.raw, s.raw)}; }
HWY_INLINE VI32 multiply_pairs(VI32 a, VI32 b) { return VI32{PAROATTN_X86(madd_epi16)(a.raw, b.raw)}; }
HWY_INLINE VI32 add_pairs(VI32 a) { return multiply_pairs(a, hn::Set(I32(), 0x00010001)); }

struct ByteDot {
  static constexpr size_t kCodesPerWord = 4;
  static HWY_INLINE VI32 add(VI32 sum, VI32 u, VI32 s) { return hn::Add(sum, add_pairs(multiply_bytes(u, s))); }
  static HWY_INLINE VI32 total(VI32 sum) { return sum; }
};

// All sums in 16 bits: `words` times the largest pair must stay below 2^15.
struct NarrowDot {
  static constexpr size_t kCodesPerWord = 4;
  static HWY_INLINE VI32 add(VI32 sum, VI32 u, VI32 s) {
    return VI32{PAROATTN_X86(add_epi16)(sum.raw, multiply_bytes(u, s).raw)};
  }
  static HWY_INLINE VI32 total(VI32 sum) { return add_pairs(sum); }
};

struct PairDot {
  static constexpr size_t kCodesPerWord = 2;
  static HWY_INLINE VI32 add(VI32 sum, VI32 u, VI32 s) { return hn::Add(sum, multiply_pairs(u, s)); }
  static HWY_INLINE VI32 total(VI32 sum) { return sum; }
};

#else

// With what every instruction set has.
struct PortableDot {
  static constexpr size_t kCodesPerWord = 4;
  static HWY_INLINE VI32 add(VI32 sum, VI32 u, VI32 s) {
    const VI32 byte = hn::Set(I32(), 255);
    const auto product = [&](VI32 unsigned_code, VI32 signed_code) HWY_ATTR {
      return hn::Mul(hn::And(unsigned_code, byte), hn::ShiftRight<24>(signed_code));
    };
    const VI32 low = hn::Add(product(u, hn::ShiftLeft<24>(s)), product(hn::ShiftRight<8>(u), hn::ShiftLeft<16>(s)));
    const VI32 high = hn::Add(product(hn::ShiftRight<16>(u), hn::ShiftLeft<8>(s)), product(hn::ShiftRight<24>(u), s));
    return hn::Add(sum, hn::Add(low, high));
  }
  static HWY_INLINE VI32 total(VI32 sum) { return sum; }
};

#endif

// The largest sum of a pair of products that 16 bits hold, and the most words that may be summed in them.
constexpr int kLargest16 = 32767;
constexpr bool pair_fits(int largest_u, int largest_s) { return 2 * largest_u * largest_s <= kLargest16; }
constexpr bool all_fit(int largest_u, int largest_s, size_t words) {
  return static_cast<size_t>(2 * largest_u * largest_s) * words <= static_cast<size_t>(kLargest16);
}

// Calls run(dot) with the fastest way for codes up to these, `words` of them, on a machine with VNNI or without.
template <bool kVnni, class Run>
HWY_INLINE void with_dot(int largest_u, int largest_s, size_t words, const Run& run) {
#ifdef PAROATTN_X86
  if constexpr (kVnni) {
    run(VnniDot());
  } else if (all_fit(largest_u, largest_s, words)) {
    run(NarrowDot());
  } else if (pair_fits(largest_u, largest_s)) {
    run(ByteDot());
  } else {
    run(PairDot());
  }
#else
  (void)largest_u, (void)largest_s, (void)words;
  run(PortableDot());
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
