#include "quantized_front.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "common/parallel.h"
#include "common/targets.h"
#include "row_transform.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quantized_front.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "encode-inl.h"
#include "micro_kernel-inl.h"
#include "panel_writer-inl.h"
#include "row_transform-inl.h"

#ifndef PAROATTN_ATTENTION_QUANTIZED_FRONT_UNIT_
#define PAROATTN_ATTENTION_QUANTIZED_FRONT_UNIT_
namespace paroattn {
namespace attention {
namespace {

// A block of a head, or of a set of keys and values.
struct QuantizedFrontUnit {
  const FrontOptions& options;
  Operands& operands;
  const RowTransform& transform;
  const float* mean;   // of the valid keys of the set, [padded_dim]; null: none is taken off
  size_t b, head, block;
  float* scratch;      // [64][padded_dim] and [64][padded_dim]
};

// What a block adds to the measures of its set, which are taken before any block is encoded.
struct BlockMeasures {
  double* key_sums;      // [padded_dim], of the valid keys; null: not wanted
  float* value_maxima;   // [padded_dim], largest magnitudes; null: not wanted
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

HWY_INLINE void clear_row(float* row, size_t padded_dim) { std::memset(row, 0, padded_dim * sizeof(float)); }

// The rows of a block as the kernel is to see them: [64][padded_dim]. Those that are not there are zero.
HWY_INLINE void transform_block(const Side& side, const Rows& block, float* rows) {
  const size_t head_dim = side.transform.head_dim, padded_dim = side.transform.padded_dim;
  for (size_t r = 0; head_dim != padded_dim && r < kBlock; ++r) {
    std::memset(rows + r * padded_dim + head_dim, 0, (padded_dim - head_dim) * sizeof(float));
  }
  const Rows none = {};
  for (size_t first = 0; first < kBlock; first += kGroup) {
    const RowGroup next = first + kGroup < kBlock ? RowGroup{&block, first + kGroup} : RowGroup{&none, 0};
    transform_rows(side, {&block, first}, next, rows + first * padded_dim);
  }
}

HWY_INLINE void query_rows(const QuantizedFrontUnit& unit, float* rows) {
  const Operands& operands = unit.operands;
  const size_t width = operands.heads * operands.head_dim;
  transform_block({unit.transform, {unit.options.query, unit.options.type}},
                  {operands.tokens(operands.order_of_head[unit.head], operands.query_starts[unit.block]),
                   present_rows(operands.query_rows(unit.block), nullptr),
                   unit.b * operands.query_tokens * width + unit.head * operands.head_dim, width},
                  rows);
}

HWY_INLINE const float* exclusion_of(const QuantizedFrontUnit& unit) {
  return unit.operands.exclusion(unit.b, unit.operands.sets[unit.head].order, unit.block);
}

// Of keys and values.
HWY_INLINE Rows rows_of_keys(const QuantizedFrontUnit& unit) {
  const Operands& operands = unit.operands;
  const auto [head, order] = operands.sets[unit.head];
  const size_t width = unit.options.key_value_heads * operands.head_dim;
  return {operands.tokens(order, operands.key_starts[unit.block]),
          present_rows(operands.key_rows(unit.block), exclusion_of(unit)),
          unit.b * operands.key_tokens * width + head * operands.head_dim, width};
}

HWY_INLINE void key_rows(const QuantizedFrontUnit& unit, float* rows) {
  transform_block({unit.transform, {unit.options.key, unit.options.type}}, rows_of_keys(unit), rows);
}

// Invalid ones become zero, so that no garbage of theirs reaches a scale.
HWY_INLINE void value_rows(const QuantizedFrontUnit& unit, float* rows) {
  const Source values = {unit.options.value, unit.options.type};
  const size_t head_dim = unit.operands.head_dim, padded_dim = unit.operands.padded_dim;
  const Rows block = rows_of_keys(unit);
  for (size_t r = 0; r < kBlock; ++r, rows += padded_dim) {
    if (r + kGroup < kBlock) values.fetch_row({&block, kGroup}, r, head_dim);
    if (!block.has(r)) {
      clear_row(rows, padded_dim);
      continue;
    }
    values.copy_row(block.at(r), head_dim, rows);
    std::memset(rows + head_dim, 0, (padded_dim - head_dim) * sizeof(float));
  }
}

// In doubles. count: a multiple of 16.
HWY_INLINE double dot_product(const float* a, const float* b, size_t count) {
  // So many sums as vectors hold: one alone would wait for itself at every step.
  double sums[kPad] = {};
  for (size_t i = 0; i < count; i += kPad) {
    for (size_t k = 0; k < kPad; ++k) sums[k] += static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  }
  return std::accumulate(sums, sums + kPad, 0.0);
}

void pack_query(const QuantizedFrontUnit& unit) {
  Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim, code_words = operands.code_words;
  const unsigned bits = operands.quantization.query_key_bits;
  if (bits == 0) return query_rows(unit, operands.query_panel(unit.b, unit.head, unit.block));
  float* rows = unit.scratch;
  query_rows(unit, rows);
  if (float* shifts = operands.logit_shifts(unit.b, unit.head, unit.block)) {
    for (size_t r = 0; r < kBlock; ++r) {
      const double sum = dot_product(rows + r * padded_dim, unit.mean, padded_dim);
      shifts[r] = static_cast<float>(static_cast<double>(unit.options.scale) * sum);
    }
  }
  const size_t stride = padded_dim / kCodesPerWord, kept = code_words * bits / 8;
  uint32_t* panel = operands.query_codes(unit.b, unit.head, unit.block);
  uint32_t* words = kept == stride ? panel : reinterpret_cast<uint32_t*>(rows + kBlock * padded_dim);
  const float scale = encode_rows(rows, padded_dim, bits, words);
  operands.query_factor(unit.b, unit.head, unit.block) =
      static_cast<float>(static_cast<double>(scale) * static_cast<double>(unit.options.scale) * kLog2E);
  for (size_t r = 0; kept != stride && r < kBlock; ++r, words += stride, panel += kept) {
    if (bits == 4) pair_words(words, code_words);
    std::memcpy(panel, words, kept * sizeof(uint32_t));
  }
}

// Takes the mean off the valid keys.
HWY_INLINE void smooth(const QuantizedFrontUnit& unit, float* rows) {
  const float* exclusion = exclusion_of(unit);
  const size_t padded_dim = unit.operands.padded_dim;
  for (size_t r = 0; r < kBlock; ++r) {
    if (exclusion[r] != 0.0f) continue;
    for (size_t c = 0; c < padded_dim; ++c) rows[r * padded_dim + c] -= unit.mean[c];
  }
}

// words: [64][stride], 16-byte aligned, stride a multiple of 4; panel: [columns][64], aligned.
HWY_INLINE void put_words_transposed(const uint32_t* words, size_t stride, size_t columns, uint32_t* panel) {
  const F32 d;
  for (size_t first = 0; first < kBlock; first += kGroup) {
    // Floats that are only moved, whatever their bits.
    const auto put_four = [&](size_t r, size_t column, VF32 v0, VF32 v1, VF32 v2, VF32 v3) HWY_ATTR {
      float* to = reinterpret_cast<float*>(panel + column * kBlock + first + r);
      hn::Store(v0, d, to);
      hn::Store(v1, d, to + kBlock);
      hn::Store(v2, d, to + 2 * kBlock);
      hn::Store(v3, d, to + 3 * kBlock);
    };
    const float* rows = reinterpret_cast<const float*>(words + first * stride);
    for (size_t w = transpose_groups_of_four(rows, stride, columns, put_four); w < columns; ++w) {
      for (size_t r = first; r < first + kGroup; ++r) panel[w * kBlock + r] = words[r * stride + w];
    }
  }
}

HWY_INLINE void pack_keys(const QuantizedFrontUnit& unit) {
  Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim, stride = padded_dim / kCodesPerWord;
  const unsigned bits = operands.quantization.query_key_bits;
  float* rows = unit.scratch;
  key_rows(unit, rows);
  if (bits == 0) {
    float* panel = operands.key_panel(unit.b, unit.head, unit.block);
    for (size_t first = 0; first < kBlock; first += kGroup) {
      put_transposed<false>(rows + first * padded_dim, padded_dim, operands.head_dim, panel + first);
    }
    return;
  }
  if (unit.mean != nullptr) smooth(unit, rows);
  uint32_t* words = reinterpret_cast<uint32_t*>(rows + kBlock * padded_dim);
  operands.key_factor(unit.b, unit.head, unit.block) = encode_rows(rows, padded_dim, bits, words);
  if (bits == 8) {
    for (size_t i = 0; i < kBlock * stride; ++i) words[i] ^= 0x80808080u;
  } else {
    for (size_t r = 0; r < kBlock; ++r) pair_words(words + r * stride, operands.code_words);
  }
  uint32_t* panel = operands.key_codes(unit.b, unit.head, unit.block);
  put_words_transposed(words, stride, operands.code_words * bits / 8, panel);
}

// The largest magnitudes of the channels of rows: [64][padded_dim]. maxima: any alignment.
HWY_INLINE void column_maxima(const float* rows, size_t padded_dim, float* maxima) {
  const F32 d;
  for (size_t c = 0; c < padded_dim; c += kLanes) {
    VF32 amax = hn::Zero(d);
    for (size_t r = 0; r < kBlock; ++r) amax = max_magnitude(amax, hn::Load(d, rows + r * padded_dim + c));
    hn::StoreU(amax, d, maxima + c);
  }
}

// One scale for a block, of values over their channel's scale.
HWY_INLINE float scale_of_divided(float* rows, size_t padded_dim, const float* channels, unsigned bits, float* factors) {
  const F32 d;
  for (size_t c = 0; c < padded_dim; c += kLanes) {
    const VF32 factor = hn::Div(hn::Set(d, 1.0f), hn::Load(d, channels + c));
    for (size_t r = 0; r < kBlock; ++r) {
      float* at = rows + r * padded_dim + c;
      hn::Store(hn::Mul(hn::Load(d, at), factor), d, at);
    }
  }
  const Scale scale = scale_of(largest_magnitude(rows, kBlock * padded_dim), bits);
  std::fill(factors, factors + padded_dim, scale.factor);
  return scale.scale;
}

HWY_INLINE void pack_values(const QuantizedFrontUnit& unit) {
  Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim;
  const unsigned bits = operands.quantization.value_bits;
  if (bits == 0) return value_rows(unit, operands.value_panel(unit.b, unit.head, unit.block));
  float* rows = unit.scratch;
  float* factors = rows + kBlock * padded_dim;
  value_rows(unit, rows);
  float* scales = operands.value_factors(unit.b, unit.head, unit.block);
  if (const float* channels = operands.channel_factors(unit.b, unit.head)) {
    std::fill(scales, scales + padded_dim, scale_of_divided(rows, padded_dim, channels, bits, factors));
  } else {
    column_maxima(rows, padded_dim, scales);
    for (size_t c = 0; c < padded_dim; ++c) {
      const Scale scale = scale_of(scales[c], bits);
      scales[c] = scale.scale;
      factors[c] = scale.factor;
    }
  }
  encode_values(rows, padded_dim, bits, factors, operands.value_codes(unit.b, unit.head, unit.block));
}

void pack_key_value(const QuantizedFrontUnit& unit) {
  pack_keys(unit);
  pack_values(unit);
}

void measure_key_value(const QuantizedFrontUnit& unit, const BlockMeasures& measures) {
  const size_t padded_dim = unit.operands.padded_dim;
  const float* rows = unit.scratch;
  if (measures.key_sums != nullptr) {
    key_rows(unit, unit.scratch);
    std::fill(measures.key_sums, measures.key_sums + padded_dim, 0.0);
    for (size_t r = 0; r < kBlock; ++r) {
      for (size_t c = 0; c < padded_dim; ++c) measures.key_sums[c] += static_cast<double>(rows[r * padded_dim + c]);
    }
  }
  if (measures.value_maxima != nullptr) {
    value_rows(unit, unit.scratch);
    column_maxima(rows, padded_dim, measures.value_maxima);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {
namespace {

HWY_EXPORT(pack_query);
HWY_EXPORT(pack_key_value);
HWY_EXPORT(measure_key_value);

// Of the blocks of a set, in their order: the same whatever the threads.
void mean_of_keys(const Operands& operands, size_t b, size_t set, const double* block_sums, float* mean) {
  const size_t padded_dim = operands.padded_dim;
  std::vector<double> sums(padded_dim);
  size_t valid = 0;
  for (size_t block = 0; block < operands.key_blocks; ++block) {
    valid += operands.validity(b, operands.sets[set].order, block).count;
    for (size_t c = 0; c < padded_dim; ++c) sums[c] += block_sums[block * padded_dim + c];
  }
  for (size_t c = 0; c < padded_dim; ++c) mean[c] = static_cast<float>(sums[c] / static_cast<double>(valid));
}

// The scales of rank 1: the largest magnitude of each channel, 1 where that is no normal number; NaN stays.
void scales_of_channels(const Operands& operands, const float* block_maxima, float* channels) {
  const size_t padded_dim = operands.padded_dim;
  for (size_t c = 0; c < padded_dim; ++c) {
    float most = 0;
    for (size_t block = 0; block < operands.key_blocks; ++block) {
      const float x = block_maxima[block * padded_dim + c];
      if (!(x <= most) && !std::isnan(most)) most = x;
    }
    channels[c] = most < std::numeric_limits<float>::min() ? 1.0f : most;
  }
}

}  // namespace

void pack_quantized(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands) {
  const Quantization& quantization = operands->quantization;
  const bool codes = quantization.query_key_bits > 0, smooth = codes && quantization.smooth_keys;
  const bool rank1 = quantization.value_bits > 0 && quantization.rank1_values;
  // Codes are made of the rows as they are; the scale goes to their factors.
  const RowTransform query_transform(options, options.norm.query_weight, options.norm.query_bias,
                                     codes ? 1.0f : static_cast<float>(options.scale * kLog2E));
  const RowTransform key_transform(options, options.norm.key_weight, options.norm.key_bias, 1.0f);
  const size_t padded_dim = operands->padded_dim;
  const size_t query_blocks = operands->query_blocks, key_blocks = operands->key_blocks;
  const size_t heads = operands->heads, sets = operands->sets.size(), batch = operands->batch;
  const size_t query_units = batch * heads * query_blocks, key_units = batch * sets * key_blocks;
  const size_t scratch_floats = 2 * kBlock * padded_dim;
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  const auto scratch_of = [&](size_t thread) { return scratch.floats() + thread * scratch_floats; };

  std::vector<float> means(smooth ? batch * sets * padded_dim : 0);
  const auto mean_of = [&](size_t b, size_t set) {
    return smooth ? means.data() + (b * sets + set) * padded_dim : nullptr;
  };
  if (smooth || rank1) {
    std::vector<double> sums(smooth ? key_units * padded_dim : 0);
    std::vector<float> maxima(rank1 ? key_units * padded_dim : 0);
    const auto kernel = HWY_DYNAMIC_DISPATCH(measure_key_value);
    parallel_units(key_units, cancelled, [&](size_t index, size_t thread) {
      const size_t set = index / key_blocks % sets, b = index / key_blocks / sets;
      kernel({options, *operands, key_transform, nullptr, b, set, index % key_blocks, scratch_of(thread)},
             {smooth ? sums.data() + index * padded_dim : nullptr, rank1 ? maxima.data() + index * padded_dim : nullptr});
    });
    if (is_cancelled(cancelled)) return;
    for (size_t i = 0; i < batch * sets; ++i) {
      const size_t b = i / sets, set = i % sets;
      if (smooth) mean_of_keys(*operands, b, set, sums.data() + i * key_blocks * padded_dim, mean_of(b, set));
      if (rank1) {
        scales_of_channels(*operands, maxima.data() + i * key_blocks * padded_dim, operands->channel_factors(b, set));
      }
    }
  }
  const auto query_kernel = HWY_DYNAMIC_DISPATCH(pack_query);
  const auto key_value_kernel = HWY_DYNAMIC_DISPATCH(pack_key_value);
  // Heads innermost: the rows of a block of tokens are read while their pages are at hand.
  parallel_units(query_units + key_units, cancelled, [&](size_t index, size_t thread) {
    if (index < query_units) {
      const size_t head = index % heads, block = index / heads % query_blocks, b = index / heads / query_blocks;
      query_kernel({options, *operands, query_transform, mean_of(b, operands->set_of_head[head]), b, head, block,
                    scratch_of(thread)});
    } else {
      const size_t at = index - query_units, set = at % sets, block = at / sets % key_blocks, b = at / sets / key_blocks;
      key_value_kernel({options, *operands, key_transform, mean_of(b, set), b, set, block, scratch_of(thread)});
    }
  });
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
