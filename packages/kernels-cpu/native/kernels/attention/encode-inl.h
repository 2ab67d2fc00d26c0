// Codes of queries, keys and values, by the rule of @paroattn/quant, each step in float32 and halves to even: for a group
// whose largest magnitude is amax, scale = amax / qmax and code = rint(x * (qmax / amax)). A group of zeros, or one whose
// scale would not be a normal number, has zeros for codes and the scale 1. A group with NaN or infinity has the scale NaN,
// which makes every logit and output NaN that it takes part in.
#if defined(PAROATTN_ATTENTION_ENCODE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_ENCODE_INL_H_
#undef PAROATTN_ATTENTION_ENCODE_INL_H_
#else
#define PAROATTN_ATTENTION_ENCODE_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "integer_dot-inl.h"
#include "micro_kernel-inl.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;


struct Scale {
  float scale;   // of a code
  float factor;  // of a number, to become a code
};

// The largest code is 127 or 7.
HWY_INLINE Scale scale_of(float amax, unsigned bits) {
  const float largest_code = bits == 8 ? 127.0f : 7.0f;
  if (!std::isfinite(amax)) return {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  const float scale = amax / largest_code;
  if (scale < std::numeric_limits<float>::min()) return {1.0f, 0.0f};
  return {scale, largest_code / amax};
}

// max(a, |x|), NaN if one is NaN: without its sign a float is ordered as its bits are, and NaN is above infinity. a: no sign.
HWY_INLINE VF32 max_magnitude(VF32 a, VF32 x) {
  const F32 d;
  const I32 di;
  return hn::BitCast(d, hn::Max(hn::BitCast(di, a), hn::BitCast(di, hn::Abs(x))));
}

// Not a number where one of the vector is not. magnitudes: no signs.
HWY_INLINE float largest_lane(VF32 magnitudes) {
  const F32 d;
  const I32 di;
  return hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, hn::BitCast(di, magnitudes))));
}

// numbers: [count], aligned, count a multiple of 16.
HWY_INLINE float largest_magnitude(const float* numbers, size_t count) {
  const F32 d;
  VF32 amax = hn::Zero(d);
  for (size_t i = 0; i < count; i += kLanes) amax = max_magnitude(amax, hn::Load(d, numbers + i));
  return largest_lane(amax);
}

HWY_INLINE VI32 code_of(VF32 numbers, VF32 factor) { return hn::ConvertTo(I32(), hn::Round(hn::Mul(numbers, factor))); }

// Rows become words of codes in place of their front: rows: [64][padded_dim] floats, aligned; words: [64][padded_dim / 4].
// Returns the scale of the block.
HWY_INLINE float encode_rows(const float* rows, size_t padded_dim, unsigned bits, uint32_t* words) {
  const F32 d;
  const hn::Rebind<int8_t, F32> bytes;
  const Scale scale = scale_of(largest_magnitude(rows, kBlock * padded_dim), bits);
  const VF32 factor = hn::Set(d, scale.factor);
  int8_t* codes = reinterpret_cast<int8_t*>(words);
  for (size_t i = 0; i < kBlock * padded_dim; i += kLanes) {
    hn::StoreU(hn::DemoteTo(bytes, code_of(hn::Load(d, rows + i), factor)), bytes, codes + i);
  }
  return scale.scale;
}

// Word i of a row with word i + count / 2, as 4-bit codes lie. In place.
HWY_INLINE void pair_words(uint32_t* row, size_t count) {
  for (size_t i = 0; i < count / 2; ++i) {
    const uint32_t low = (row[i] & 0x0f0f0f0fu) ^ 0x08080808u, high = (row[i + count / 2] & 0x0f0f0f0fu) ^ 0x08080808u;
    row[i] = low | high << 4;
  }
}

// Codes of four vectors to words; each lane of the sum is below 256 or a negative number of a byte.
HWY_INLINE VI32 word_of(VI32 a, VI32 b, VI32 c, VI32 e) {
  const VI32 byte = hn::Set(I32(), 255);
  return hn::Or(hn::Or(hn::And(a, byte), hn::ShiftLeft<8>(hn::And(b, byte))),
                hn::Or(hn::ShiftLeft<16>(hn::And(c, byte)), hn::ShiftLeft<24>(e)));
}

// Keys w, 16 + w, 32 + w and 48 + w of some channels. rows: [64][padded_dim] from the first of these channels.
HWY_INLINE VI32 value_word(const float* rows, size_t padded_dim, size_t w, VF32 factor) {
  const F32 d;
  const auto code = [&](size_t key) HWY_ATTR { return code_of(hn::Load(d, rows + key * padded_dim), factor); };
  return word_of(code(w), code(w + 16), code(w + 32), code(w + 48));
}

// rows: [64][padded_dim], aligned. factors: [padded_dim], aligned, of numbers, to become codes. words: as operands.h says.
HWY_INLINE void encode_values(const float* rows, size_t padded_dim, unsigned bits, const float* factors,
                              uint32_t* words) {
  const F32 d;
  const I32 di;
  constexpr size_t kWords = kBlock / kCodesPerWord;
  int32_t* out = reinterpret_cast<int32_t*>(words);
  for (size_t c = 0; c < padded_dim; c += kLanes) {
    const VF32 factor = hn::Load(d, factors + c);
    if (bits == 8) {
      for (size_t w = 0; w < kWords; ++w) {
        hn::Store(value_word(rows + c, padded_dim, w, factor), di, out + w * padded_dim + c);
      }
      continue;
    }
    const VI32 nibble = hn::Set(di, 0x0f0f0f0f), eight = hn::Set(di, 0x08080808);
    for (size_t w = 0; w < kWords / 2; ++w) {
      const VI32 low = value_word(rows + c, padded_dim, w, factor);
      const VI32 high = value_word(rows + c, padded_dim, w + kWords / 2, factor);
      hn::Store(hn::Or(hn::Xor(hn::And(low, nibble), eight), hn::ShiftLeft<4>(hn::Xor(hn::And(high, nibble), eight))), di,
                out + w * padded_dim + c);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
