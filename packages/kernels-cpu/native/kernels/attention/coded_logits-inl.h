// Logits from codes of queries and keys: exact sums of products, then the scales of the two blocks.
#if defined(PAROATTN_ATTENTION_CODED_LOGITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_CODED_LOGITS_INL_H_
#undef PAROATTN_ATTENTION_CODED_LOGITS_INL_H_
#else
#define PAROATTN_ATTENTION_CODED_LOGITS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "code_words-inl.h"
#include "integer_kernel-inl.h"
#include "logit_words.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <bool kVnni, class Run>
HWY_INLINE void with_logit_dot(const Operands& operands, const Run& run) {
  if (operands.quantization.query_key_bits == 8) return with_dot<kVnni>(255, 127, operands.code_words, run);
  with_dot<kVnni>(15, 7, operands.code_words, run);
}

// Once for all key blocks. Keys are code + 128 (or 8): what that adds to a row's sums is the same for all of them.
template <bool kVnni>
HWY_INLINE void ready_queries(const Operands& operands, size_t b, size_t h, size_t qb, const LogitWords& words) {
  const unsigned bits = operands.quantization.query_key_bits;
  const size_t code_words = operands.code_words, stored = code_words * bits / 8;
  const uint32_t* panel = operands.query_codes(b, h, qb);
  with_logit_dot<kVnni>(operands, [&](auto dot) HWY_ATTR {
    constexpr size_t kCodes = decltype(dot)::kCodesPerWord;
    const size_t count = code_words * 4 / kCodes;
    for (size_t r = 0; r < kBlock; ++r) {
      uint32_t* row = words.queries + r * count;
      const uint32_t* ready = signed_words<kCodes>(panel + r * stored, code_words, bits, row);
      int32_t sum = 0;
      for (size_t i = 0; i < count; ++i) {
        row[i] = ready[i];
        sum += sum_of_codes<kCodes>(ready[i]);
      }
      words.offsets[r] = (bits == 8 ? -128 : -8) * sum;
    }
  });
}

// logits: [64][64], in powers of two, of which `rows` are computed, and a few more.
template <bool kVnni>
HWY_INLINE void compute_coded_logits(const Operands& operands, size_t b, size_t h, size_t qb, size_t kb, size_t rows,
                                     const LogitWords& words, float* logits) {
  const float factor = operands.logit_factor(b, h, qb, kb);
  const uint32_t* panel = operands.key_codes(b, operands.set_of_head[h], kb);
  with_logit_dot<kVnni>(operands, [&](auto dot) HWY_ATTR {
    using Dot = decltype(dot);
    constexpr size_t kCodes = Dot::kCodesPerWord;
    const size_t count = operands.code_words * 4 / kCodes;
    const uint32_t* keys = offset_words<kCodes>(panel, operands.code_words * kBlock,
                                                operands.quantization.query_key_bits, words.keys);
    for_each_strip(rows, [&](auto strip, size_t first) HWY_ATTR {
      multiply_logits<Dot, decltype(strip)::value>(
          {words.queries + first * count, count, keys, kBlock, count}, words.offsets + first, factor,
          logits + first * kBlock);
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
