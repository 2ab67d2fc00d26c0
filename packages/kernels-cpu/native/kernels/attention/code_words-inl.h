// Words of codes as the panels hold them (operands.h), made ready for a way to multiply them (integer_dot-inl.h).
#if defined(PAROATTN_ATTENTION_CODE_WORDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_CODE_WORDS_INL_H_
#undef PAROATTN_ATTENTION_CODE_WORDS_INL_H_
#else
#define PAROATTN_ATTENTION_CODE_WORDS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {

// Byte by byte without a carry from one to the next: n - 8 of 0 .. 15, and of 16 bits n - 128 of 0 .. 255.
HWY_INLINE uint32_t less_eight(uint32_t n) { return ((n | 0x80808080u) - 0x08080808u) ^ 0x80808080u; }
HWY_INLINE uint32_t less_128(uint32_t n) { return ((n | 0x80008000u) - 0x00800080u) ^ 0x80008000u; }

HWY_INLINE uint32_t low_nibbles(uint32_t word) { return word & 0x0f0f0f0fu; }
HWY_INLINE uint32_t high_nibbles(uint32_t word) { return (word >> 4) & 0x0f0f0f0fu; }
// Codes 0 and 2, codes 1 and 3.
HWY_INLINE uint32_t even_bytes(uint32_t word) { return word & 0x00ff00ffu; }
HWY_INLINE uint32_t odd_bytes(uint32_t word) { return (word >> 8) & 0x00ff00ffu; }

// Of signed codes.
template <size_t kCodes>
HWY_INLINE int32_t sum_of_codes(uint32_t word) {
  if (kCodes == 2) return static_cast<int16_t>(word) + static_cast<int16_t>(word >> 16);
  return static_cast<int8_t>(word) + static_cast<int8_t>(word >> 8) + static_cast<int8_t>(word >> 16) +
         static_cast<int8_t>(word >> 24);
}

// Signed codes of a panel: `count` words of four. With kCodes = 4 the same number of words; with 2, which
// is for 8 bits, twice as many: first those of the codes 0 and 2 of each word, then those of 1 and 3. Returns where they are.
template <size_t kCodes>
HWY_INLINE const uint32_t* signed_words(const uint32_t* panel, size_t count, unsigned bits, uint32_t* words) {
  if (bits == 4) {
    for (size_t i = 0; i < count / 2; ++i) words[i] = less_eight(low_nibbles(panel[i]));
    for (size_t i = 0; i < count / 2; ++i) words[count / 2 + i] = less_eight(high_nibbles(panel[i]));
    return words;
  }
  if (kCodes == 4) return panel;
  for (size_t i = 0; i < count; ++i) words[i] = less_128(even_bytes(panel[i] ^ 0x80808080u));
  for (size_t i = 0; i < count; ++i) words[count + i] = less_128(odd_bytes(panel[i] ^ 0x80808080u));
  return words;
}

// The same of a panel that holds code + 128, or code + 8 with 4 bits; they stay so.
template <size_t kCodes>
HWY_INLINE const uint32_t* offset_words(const uint32_t* panel, size_t count, unsigned bits, uint32_t* words) {
  if (bits == 4) {
    for (size_t i = 0; i < count / 2; ++i) words[i] = low_nibbles(panel[i]);
    for (size_t i = 0; i < count / 2; ++i) words[count / 2 + i] = high_nibbles(panel[i]);
    return words;
  }
  if (kCodes == 4) return panel;
  for (size_t i = 0; i < count; ++i) words[i] = even_bytes(panel[i]);
  for (size_t i = 0; i < count; ++i) words[count + i] = odd_bytes(panel[i]);
  return words;
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
