// Attention with codes of queries and keys, of the softmax map and values, or of all (PAROAttention, arXiv 2506.16054,
// section 4.3). Sums of products of codes are exact integers, which the scales make floats as they leave the registers.
//
// For each live key block: logits of the whole tile; the maxima of its rows, from which the tile's scale follows, because
// 2^x grows with x; then entries 2^(logit - reference), which become bytes at once; codes times the value panel's codes,
// scaled into the accumulator. The reference follows the row maximum at once, without slack, because the codes are relative
// to it.
#include "quantized_attention.h"

#include <algorithm>
#include <cfloat>
#include <limits>

#include "common/targets.h"
#include "common/vnni.h"
#include "logit_words.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quantized_attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "coded_logits-inl.h"
#include "exp2-inl.h"
#include "integer_kernel-inl.h"
#include "micro_kernel-inl.h"
#include "rows_of_unit-inl.h"
#include "softmax-inl.h"
#include "tile_loop-inl.h"

#ifndef PAROATTN_ATTENTION_QUANTIZED_SCRATCH_
#define PAROATTN_ATTENTION_QUANTIZED_SCRATCH_
namespace paroattn {
namespace attention {
namespace {

// What there is beside `Scratch`, all of it aligned.
struct CodeScratch {
  explicit CodeScratch(const Unit& unit)
      : maxima(unit.scratch + round_up(Scratch::floats(unit.operands), kPad)),
        kept(maxima + kBlock),
        added(kept + kBlock),
        weights(reinterpret_cast<uint32_t*>(added + kBlock)),
        values(weights + kBlock * kBlock / 2),
        logit_words(values + kBlock / 2 * unit.operands.padded_dim) {}
  // With `Scratch`.
  static size_t floats(const Operands& operands) {
    return round_up(Scratch::floats(operands), kPad) + 3 * kBlock + kBlock * kBlock / 2 +
           kBlock / 2 * operands.padded_dim + LogitWords::words(operands);
  }

  float* maxima;      // [64], of the logits of the tile's rows
  float* kept;        // [64], what the new reference leaves of a row's accumulator
  float* added;       // [64], the factor of a row's products
  uint32_t* weights;  // [64][16] words of the map's codes, or [64][32]
  uint32_t* values;   // [16][padded_dim], or [32][padded_dim]
  void* logit_words;  // LogitWords
};

}  // namespace
}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Logits, in powers of two, of all rows of the block against key block kb: [64][64]. Excluded keys have -infinity.
template <bool kVnni>
HWY_INLINE void compute_tile(const Unit& unit, const Scratch& scratch, const LogitWords& words, size_t kb) {
  const Operands& operands = unit.operands;
  const size_t order = operands.order_of_head[unit.h], rows = operands.query_rows(unit.qb);
  if (operands.quantization.query_key_bits > 0) {
    compute_coded_logits<kVnni>(operands, unit.b, unit.h, unit.qb, kb, rows, words, scratch.logits);
  } else {
    const float* query = operands.query_panel(unit.b, unit.h, unit.qb);
    const float* keys = operands.key_panel(unit.b, operands.set_of_head[unit.h], kb);
    for_each_strip(rows, [&](auto strip, size_t first) HWY_ATTR {
      compute_logits(operands, strip, query + first * operands.padded_dim, keys, scratch.logits + first * kBlock);
    });
  }
  if (unit.options.bias != nullptr) add_bias(unit, kb, 0, rows, scratch.logits);
  if (operands.validity(unit.b, order, kb).count < kBlock) {
    exclude_keys(operands.exclusion(unit.b, order, kb), rows, scratch.logits);
  }
}

// The maxima of the rows of a tile, at least -FLT_MAX, so that differences of two are numbers.
HWY_INLINE void find_maxima(const float* logits, size_t rows, float* maxima) {
  const F32 d;
  for (size_t r = 0; r < rows; ++r, logits += kBlock) {
    VF32 most = hn::Set(d, -FLT_MAX);
#pragma GCC unroll 8
    for (size_t j = 0; j < kBlock; j += kLanes) most = hn::Max(most, hn::Load(d, logits + j));
    maxima[r] = hn::GetLane(hn::MaxOfLanes(d, most));
  }
}

// Moves the references to the maxima of the tile where those are larger, and the sums with them. Returns the largest
// entry of the tile.
HWY_INLINE float move_references(const Scratch& scratch, const CodeScratch& codes, size_t rows) {
  const F32 d;
  VF32 most = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (size_t r = 0; r < rows; r += kLanes) {
    const VF32 maximum = hn::Load(d, codes.maxima + r), before = hn::Load(d, scratch.references + r);
    const VF32 reference = hn::Max(before, maximum);
    hn::Store(exp2(d, hn::Sub(before, reference)), d, codes.kept + r);
    hn::Store(reference, d, scratch.references + r);
    // A row without a logit has no entry; nor have those past the block's end.
    const auto there = hn::And(hn::Gt(maximum, hn::Set(d, -FLT_MAX)), hn::FirstN(d, rows - r));
    most = hn::Max(most, hn::IfThenElse(there, hn::Sub(maximum, reference), most));
  }
  for (size_t r = 0; r < rows; ++r) {
    const VF32 kept = hn::Set(d, codes.kept[r]);
    float* sums = scratch.sums + r * kPad;
    for (size_t i = 0; i < kPad; i += kLanes) hn::Store(hn::Mul(kept, hn::Load(d, sums + i)), d, sums + i);
  }
  return hn::GetLane(exp2(d, hn::MaxOfLanes(d, most)));
}

// One row of a tile: entries 2^(logit - reference) become codes. kPairs: two codes a word, those of the keys w and 32 + w
// first, then those of 16 + w and 48 + w. Returns the sum of the entries in each lane, or that of the codes.
template <bool kPairs, bool kSumCodes>
HWY_INLINE VF32 encode_row(const float* logits, float reference, float factor, uint32_t* words) {
  const F32 d;
  const I32 di;
  const VF32 references = hn::Set(d, reference), factors = hn::Set(d, factor);
  // Adding it rounds to an integer, halves to even, which stands in the low bits.
  const VF32 magic = hn::Set(d, 8388608.0f);
  VF32 sum = hn::Zero(d);
  int32_t* out = reinterpret_cast<int32_t*>(words);
  constexpr size_t kWords = kBlock / kCodesPerWord;
#pragma GCC unroll 2
  for (size_t w = 0; w < kWords; w += kLanes) {
    VI32 code[kCodesPerWord];
#pragma GCC unroll 4
    for (size_t k = 0; k < kCodesPerWord; ++k) {
      const VF32 entry = exp2(d, hn::Sub(hn::Load(d, logits + k * kWords + w), references));
      const VF32 rounded = hn::MulAdd(entry, factors, magic);
      sum = hn::Add(sum, kSumCodes ? hn::Sub(rounded, magic) : entry);
      code[k] = hn::BitCast(di, rounded);
    }
    if (kPairs) {
      const VI32 half = hn::Set(di, 0xffff);
      hn::Store(hn::Or(hn::And(code[0], half), hn::ShiftLeft<16>(code[2])), di, out + w);
      hn::Store(hn::Or(hn::And(code[1], half), hn::ShiftLeft<16>(code[3])), di, out + kWords + w);
    } else {
      const VI32 low = hn::Or(hn::And(code[0], hn::Set(di, 255)), hn::ShiftLeft<8>(code[1]));
      hn::Store(hn::Or(hn::Or(low, hn::ShiftLeft<16>(code[2])), hn::ShiftLeft<24>(code[3])), di, out + w);
    }
  }
  return sum;
}

// Codes of a tile: false where all of them would be zero. `added` becomes the scales.
template <bool kPairs>
HWY_INLINE bool encode_tile(const Unit& unit, const Scratch& scratch, const CodeScratch& codes) {
  constexpr size_t kStride = kBlock / (kPairs ? 2 : kCodesPerWord);
  const F32 d;
  const size_t rows = unit.operands.query_rows(unit.qb);
  const ProbabilityGroup group = unit.operands.quantization.group;
  const float largest_code = unit.operands.quantization.largest_probability_code;
  float factor = largest_code, scale = 1.0f / largest_code;
  bool any = true;
  if (group == ProbabilityGroup::kRow) {
    std::fill(codes.kept, codes.kept + rows, 1.0f);  // the references are the maxima of the map's rows already
  } else {
    find_maxima(scratch.logits, rows, codes.maxima);
    const float largest = move_references(scratch, codes, rows);
    if (group == ProbabilityGroup::kTile) {
      any = !(largest / largest_code < std::numeric_limits<float>::min());
      factor = any ? largest_code / largest : 0.0f;
      scale = largest / largest_code;
    }
  }
  std::fill(codes.added, codes.added + rows, scale);
  if (group != ProbabilityGroup::kTileRow) {
    for (size_t r = 0; r < rows; ++r) {
      float* sums = scratch.sums + r * kPad;
      const VF32 sum = encode_row<kPairs, false>(scratch.logits + r * kBlock, scratch.references[r], factor,
                                                 codes.weights + r * kStride);
      hn::Store(hn::Add(hn::Load(d, sums), sum), d, sums);
    }
    return any;
  }
  // Relative to the row's maximum in the tile, so that its largest code is the largest there is; the codes' sum divides.
  for (size_t r = 0; r < rows; r += kLanes) {
    const VF32 below = hn::Sub(hn::Load(d, codes.maxima + r), hn::Load(d, scratch.references + r));
    hn::Store(hn::Mul(exp2(d, below), hn::Set(d, scale)), d, codes.added + r);
  }
  for (size_t r = 0; r < rows; ++r) {
    float* sums = scratch.sums + r * kPad;
    const VF32 sum = encode_row<kPairs, true>(scratch.logits + r * kBlock, codes.maxima[r], factor,
                                              codes.weights + r * kStride);
    hn::Store(hn::MulAdd(sum, hn::Set(d, codes.added[r]), hn::Load(d, sums)), d, sums);
  }
  return true;
}

// Adds the tile to the accumulator, weights and values in codes.
template <bool kVnni>
HWY_INLINE void add_coded_values(const Unit& unit, const Scratch& scratch, const CodeScratch& codes, size_t kb) {
  const Operands& operands = unit.operands;
  const Quantization& quantization = operands.quantization;
  constexpr size_t kWords = kBlock / kCodesPerWord;
  const size_t padded_dim = operands.padded_dim, rows = operands.query_rows(unit.qb);
  const size_t set = operands.set_of_head[unit.h];
  const unsigned bits = quantization.value_bits;
  with_dot<kVnni>(static_cast<int>(quantization.largest_probability_code), bits == 8 ? 127 : 7, kWords,
                  [&](auto dot) HWY_ATTR {
    using Dot = decltype(dot);
    constexpr size_t kCodes = Dot::kCodesPerWord, kStride = kBlock / kCodes;
    if (!encode_tile<kCodes == 2>(unit, scratch, codes)) {
      for (size_t r = 0; r < rows; ++r) {
        scale_in_place(scratch.accumulator + r * padded_dim, padded_dim, codes.kept[r]);
      }
      return;
    }
    const uint32_t* values =
        signed_words<kCodes>(operands.value_codes(unit.b, set, kb), kWords * padded_dim, bits, codes.values);
    const float* factors = operands.value_factors(unit.b, set, kb);
    for_each_strip(rows, [&](auto strip, size_t first) HWY_ATTR {
      multiply_values<Dot, decltype(strip)::value>(
          {codes.weights + first * kStride, kStride, values, padded_dim, kStride},
          {scratch.accumulator + first * padded_dim, padded_dim, codes.kept + first, codes.added + first, factors});
    });
  });
}

// The same with weights and values in floats.
HWY_INLINE void add_values(const Unit& unit, const Scratch& scratch, size_t kb, size_t extent) {
  const Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim;
  const float* values = operands.value_panel(unit.b, operands.set_of_head[unit.h], kb);
  for_each_strip(operands.query_rows(unit.qb), [&](auto strip, size_t first) HWY_ATTR {
    float* logits = scratch.logits + first * kBlock;
    float* accumulator = scratch.accumulator + first * padded_dim;
    for (size_t r = 0; r < strip; ++r) {
      softmax_row(logits + r * kBlock, {scratch.references + first + r, scratch.sums + (first + r) * kPad,
                                        accumulator + r * padded_dim, padded_dim});
    }
    multiply<true>(strip, {logits, kBlock, values, padded_dim, accumulator, padded_dim, extent}, padded_dim);
  });
}

// The references become the maxima of the rows over all tiles.
template <bool kVnni>
HWY_INLINE void find_row_maxima(const Unit& unit, const Scratch& scratch, const CodeScratch& codes,
                                const LogitWords& words) {
  const size_t order = unit.operands.order_of_head[unit.h], rows = unit.operands.query_rows(unit.qb);
  for_each_live_block(unit, [&](size_t kb, size_t) HWY_ATTR {
    if (unit.operands.validity(unit.b, order, kb).count == 0) return;
    compute_tile<kVnni>(unit, scratch, words, kb);
    find_maxima(scratch.logits, rows, codes.maxima);
    for (size_t r = 0; r < rows; ++r) scratch.references[r] = std::max(scratch.references[r], codes.maxima[r]);
  });
}

template <bool kVnni>
HWY_INLINE void attend_in_codes(const Unit& unit) {
  const Operands& operands = unit.operands;
  const Quantization& quantization = operands.quantization;
  const Scratch scratch(unit);
  const CodeScratch codes(unit);
  const LogitWords words(operands, codes.logit_words);
  begin(unit, scratch);
  if (quantization.query_key_bits > 0) ready_queries<kVnni>(operands, unit.b, unit.h, unit.qb, words);
  if (quantization.value_bits > 0 && quantization.group == ProbabilityGroup::kRow) {
    find_row_maxima<kVnni>(unit, scratch, codes, words);
  }
  for_each_live_block(unit, [&](size_t kb, size_t) HWY_ATTR {
    const Operands::Validity valid = operands.validity(unit.b, operands.order_of_head[unit.h], kb);
    if (valid.count == 0) return;
    compute_tile<kVnni>(unit, scratch, words, kb);
    if (quantization.value_bits > 0) {
      add_coded_values<kVnni>(unit, scratch, codes, kb);
    } else {
      add_values(unit, scratch, kb, valid.extent);
    }
  });
  if (const float* channels = operands.channel_factors(unit.b, operands.set_of_head[unit.h])) {
    const F32 d;
    for (size_t i = 0; i < operands.query_rows(unit.qb) * operands.padded_dim; i += kLanes) {
      float* at = scratch.accumulator + i;
      hn::Store(hn::Mul(hn::Load(d, at), hn::Load(d, channels + i % operands.padded_dim)), d, at);
    }
  }
  finish(unit, scratch);
}

void attend_with_vnni(const Unit& unit) { attend_in_codes<true>(unit); }
void attend_without_vnni(const Unit& unit) { attend_in_codes<false>(unit); }

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {
namespace {

HWY_EXPORT(attend_with_vnni);
HWY_EXPORT(attend_without_vnni);

}  // namespace

UnitKernel quantized_kernel() {
  return has_vnni() ? HWY_DYNAMIC_DISPATCH(attend_with_vnni) : HWY_DYNAMIC_DISPATCH(attend_without_vnni);
}

size_t quantized_scratch_floats(const Operands& operands) { return CodeScratch::floats(operands); }

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
