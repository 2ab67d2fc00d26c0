// Attention with codes of the softmax map (PAROAttention, arXiv 2506.16054, section 4.3), simulated in FP32.
//
// For each live key block: logits of the whole tile; entries 2^(logit - reference) in place, then their codes; codes times
// the value panel's codes, a sum of integers that floats hold exactly; that times the scales into the accumulator. The
// reference follows the row maximum at once, without slack, because the codes are relative to it.
#include "quantized_attention.h"

#include <algorithm>
#include <cfloat>
#include <limits>

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quantized_attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "exp2-inl.h"
#include "micro_kernel-inl.h"
#include "rows_of_unit-inl.h"
#include "tile_loop-inl.h"

#ifndef PAROATTN_ATTENTION_QUANTIZED_SCRATCH_
#define PAROATTN_ATTENTION_QUANTIZED_SCRATCH_
namespace paroattn {
namespace attention {
namespace {

// What there is beside `Scratch`.
struct CodeScratch {
  explicit CodeScratch(const Unit& unit)
      : products(unit.scratch + round_up(Scratch::floats(unit.operands), kPad)),
        kept(products + kBlock * unit.operands.padded_dim),
        added(kept + kBlock) {}
  static size_t floats(const Operands& operands) { return kBlock * (operands.padded_dim + 2); }
  float* products;  // [64][padded_dim], integers
  float* kept;      // [64], what the new reference leaves of a row's accumulator
  float* added;     // [64], the factor of a row's products
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

HWY_INLINE float power_of_two(float exponent) {
  const F32 d;
  return hn::GetLane(exp2(d, hn::Set(d, exponent)));
}

// Logits, in powers of two, of all rows of the block against key block kb: [64][64]. Excluded keys have -infinity.
HWY_INLINE void compute_tile(const Unit& unit, const Scratch& scratch, size_t kb) {
  const Operands& operands = unit.operands;
  const size_t order = operands.order_of_head[unit.h], set = operands.set_of_head[unit.h];
  const float* query = operands.query_panel(unit.b, unit.h, unit.qb);
  const size_t all_rows = padded_rows(operands.query_rows(unit.qb));
  size_t first = 0;
  for (size_t left = all_rows; left > 0;) {
    const size_t rows = rows_to_take(left);
    compute_logits(operands, rows, query + first * operands.padded_dim, operands.key_panel(unit.b, set, kb),
                   scratch.logits + first * kBlock);
    first += rows;
    left -= rows;
  }
  if (operands.quantization.query_key_bits > 0) {
    scale_in_place(scratch.logits, all_rows * kBlock, operands.logit_factor(unit.b, unit.h, unit.qb, kb));
  }
  if (unit.options.bias != nullptr) add_bias(unit, kb, 0, all_rows, scratch.logits);
  if (operands.validity(unit.b, order, kb).count < kBlock) {
    exclude_keys(operands.exclusion(unit.b, order, kb), all_rows, scratch.logits);
  }
}

// logits: [64]. At least -FLT_MAX, so that differences of two are numbers.
HWY_INLINE float largest_logit(const float* logits) {
  const F32 d;
  VF32 most = hn::Set(d, -FLT_MAX);
  for (size_t j = 0; j < kBlock; j += kLanes) most = hn::Max(most, hn::Load(d, logits + j));
  return hn::GetLane(hn::MaxOfLanes(d, most));
}

// row: [64]. Logits become 2^(logit - reference), whose sum is added to the row's partial sums times `kept`.
// Returns the largest in each lane.
HWY_INLINE VF32 entries_of_row(float* row, float reference, float kept, float* sums) {
  const F32 d;
  VF32 sum = hn::Mul(hn::Load(d, sums), hn::Set(d, kept)), largest = hn::Zero(d);
  for (size_t j = 0; j < kBlock; j += kLanes) {
    const VF32 entry = exp2(d, hn::Sub(hn::Load(d, row + j), hn::Set(d, reference)));
    sum = hn::Add(sum, entry);
    largest = hn::Max(largest, entry);
    hn::Store(entry, d, row + j);
  }
  hn::Store(sum, d, sums);
  return largest;
}

// row: [64]. Entries become codes. Returns the sum of the codes in each lane.
HWY_INLINE VF32 codes_of_row(float* row, float factor) {
  const F32 d;
  VF32 sum = hn::Zero(d);
  for (size_t j = 0; j < kBlock; j += kLanes) {
    const VF32 code = hn::Round(hn::Mul(hn::Load(d, row + j), hn::Set(d, factor)));
    sum = hn::Add(sum, code);
    hn::Store(code, d, row + j);
  }
  return sum;
}

// One scale for all entries of the tile. False where they count as zeros.
HWY_INLINE bool encode_tile(const Unit& unit, const Scratch& scratch, const CodeScratch& codes) {
  const F32 d;
  const size_t rows = unit.operands.query_rows(unit.qb);
  VF32 most = hn::Zero(d);
  for (size_t r = 0; r < rows; ++r) {
    float* row = scratch.logits + r * kBlock;
    const float reference = std::max(scratch.references[r], largest_logit(row));
    codes.kept[r] = power_of_two(scratch.references[r] - reference);
    scratch.references[r] = reference;
    most = hn::Max(most, entries_of_row(row, reference, codes.kept[r], scratch.sums + r * kPad));
  }
  const float largest = hn::GetLane(hn::MaxOfLanes(d, most));
  const float largest_code = unit.operands.quantization.largest_probability_code;
  const float scale = largest / largest_code;
  if (scale < std::numeric_limits<float>::min()) return false;
  for (size_t r = 0; r < rows; ++r) {
    codes_of_row(scratch.logits + r * kBlock, largest_code / largest);
    codes.added[r] = scale;
  }
  return true;
}

// A scale for each row of the tile, whose largest code is the largest there is; the sum of the codes divides.
HWY_INLINE void encode_tile_rows(const Unit& unit, const Scratch& scratch, const CodeScratch& codes) {
  const F32 d;
  const float largest_code = unit.operands.quantization.largest_probability_code;
  HWY_ALIGN float unused[kLanes] = {};
  for (size_t r = 0; r < unit.operands.query_rows(unit.qb); ++r) {
    float* row = scratch.logits + r * kBlock;
    const float in_tile = largest_logit(row), reference = std::max(scratch.references[r], in_tile);
    codes.kept[r] = power_of_two(scratch.references[r] - reference);
    codes.added[r] = power_of_two(in_tile - reference) / largest_code;
    scratch.references[r] = reference;
    entries_of_row(row, in_tile, 0.0f, unused);
    float* sums = scratch.sums + r * kPad;
    const VF32 kept = hn::Mul(hn::Load(d, sums), hn::Set(d, codes.kept[r]));
    hn::Store(hn::MulAdd(codes_of_row(row, largest_code), hn::Set(d, codes.added[r]), kept), d, sums);
  }
}

// A scale for each row of the map; the references are the rows' maxima already.
HWY_INLINE void encode_map_rows(const Unit& unit, const Scratch& scratch, const CodeScratch& codes) {
  const float largest_code = unit.operands.quantization.largest_probability_code;
  for (size_t r = 0; r < unit.operands.query_rows(unit.qb); ++r) {
    float* row = scratch.logits + r * kBlock;
    entries_of_row(row, scratch.references[r], 1.0f, scratch.sums + r * kPad);
    codes_of_row(row, largest_code);
    codes.kept[r] = 1.0f;
    codes.added[r] = 1.0f / largest_code;
  }
}

// accumulator = kept * accumulator + added * products * the values' factors
HWY_INLINE void add_products(const Unit& unit, const Scratch& scratch, const CodeScratch& codes, size_t kb) {
  const Operands& operands = unit.operands;
  const F32 d;
  const size_t padded_dim = operands.padded_dim;
  const float* factors = operands.value_factors(unit.b, operands.set_of_head[unit.h], kb);
  for (size_t r = 0; r < operands.query_rows(unit.qb); ++r) {
    const VF32 kept = hn::Set(d, codes.kept[r]), added = hn::Set(d, codes.added[r]);
    float* row = scratch.accumulator + r * padded_dim;
    const float* products = codes.products + r * padded_dim;
    for (size_t c = 0; c < padded_dim; c += kLanes) {
      const VF32 factor = hn::Mul(added, hn::Load(d, factors + c));
      hn::Store(hn::MulAdd(hn::Load(d, products + c), factor, hn::Mul(kept, hn::Load(d, row + c))), d, row + c);
    }
  }
}

HWY_INLINE void attend_tile(const Unit& unit, const Scratch& scratch, const CodeScratch& codes, size_t kb) {
  const Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim, rows = operands.query_rows(unit.qb);
  const Operands::Validity valid = operands.validity(unit.b, operands.order_of_head[unit.h], kb);
  if (valid.count == 0) return;
  compute_tile(unit, scratch, kb);
  switch (operands.quantization.group) {
    case ProbabilityGroup::kTile:
      if (encode_tile(unit, scratch, codes)) break;
      for (size_t r = 0; r < rows; ++r) scale_in_place(scratch.accumulator + r * padded_dim, padded_dim, codes.kept[r]);
      return;
    case ProbabilityGroup::kTileRow:
      encode_tile_rows(unit, scratch, codes);
      break;
    case ProbabilityGroup::kRow:
      encode_map_rows(unit, scratch, codes);
      break;
  }
  const float* values = operands.value_panel(unit.b, operands.set_of_head[unit.h], kb);
  size_t first = 0;
  for (size_t left = padded_rows(rows); left > 0;) {
    const size_t taken = rows_to_take(left);
    multiply<false>(taken,
                    {scratch.logits + first * kBlock, kBlock, values, padded_dim, codes.products + first * padded_dim,
                     padded_dim, valid.extent},
                    padded_dim);
    first += taken;
    left -= taken;
  }
  add_products(unit, scratch, codes, kb);
}

HWY_INLINE void find_row_maxima(const Unit& unit, const Scratch& scratch) {
  const size_t order = unit.operands.order_of_head[unit.h];
  for_each_live_block(unit, [&](size_t kb) HWY_ATTR {
    if (unit.operands.validity(unit.b, order, kb).count == 0) return;
    compute_tile(unit, scratch, kb);
    for (size_t r = 0; r < unit.operands.query_rows(unit.qb); ++r) {
      scratch.references[r] = std::max(scratch.references[r], largest_logit(scratch.logits + r * kBlock));
    }
  });
}

void attend_in_codes(const Unit& unit) {
  const Operands& operands = unit.operands;
  const Scratch scratch(unit);
  const CodeScratch codes(unit);
  begin(unit, scratch);
  if (operands.quantization.group == ProbabilityGroup::kRow) find_row_maxima(unit, scratch);
  for_each_live_block(unit, [&](size_t kb) HWY_ATTR { attend_tile(unit, scratch, codes, kb); });
  if (const float* channels = operands.channel_factors(unit.b, operands.set_of_head[unit.h])) {
    const F32 d;
    for (size_t i = 0; i < operands.query_rows(unit.qb) * operands.padded_dim; i += kLanes) {
      float* at = scratch.accumulator + i;
      hn::Store(hn::Mul(hn::Load(d, at), hn::Load(d, channels + i % operands.padded_dim)), d, at);
    }
  }
  finish(unit, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {

HWY_EXPORT(attend_in_codes);

UnitKernel quantized_kernel() { return HWY_DYNAMIC_DISPATCH(attend_in_codes); }

size_t quantized_scratch_floats(const Operands& operands) {
  return round_up(Scratch::floats(operands), kPad) + CodeScratch::floats(operands);
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
