// Codes of queries, keys and values, by the rule of @paroattn/quant, each step in float32 and halves to even: for a group
// whose largest magnitude is amax, scale = amax / qmax and code = rint(x * (qmax / amax)). A group of zeros, or one whose
// scale would not be a normal number, has zeros for codes and the scale 1. A group with NaN or infinity has the scale NaN.
#include "quantize.h"

#include <cmath>
#include <limits>

#include "common/parallel.h"
#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quantize.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"

#ifndef PAROATTN_ATTENTION_QUANTIZE_UNIT_
#define PAROATTN_ATTENTION_QUANTIZE_UNIT_
namespace paroattn {
namespace attention {
namespace {

// A block of a head, or of a set of keys and values.
struct QuantizeUnit {
  const FrontOptions& options;
  Operands& operands;
  const double* mean;  // of the valid keys of the set, [head_dim]; null: none is taken off
  size_t b, head, block;
};

struct Scale {
  float scale;   // of a code
  float factor;  // of a number, to become a code
};

// The largest code is 127 or 7.
Scale scale_of(float amax, unsigned bits) {
  const float largest_code = bits == 8 ? 127.0f : 7.0f;
  if (!std::isfinite(amax)) return {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  const float scale = amax / largest_code;
  if (scale < std::numeric_limits<float>::min()) return {1.0f, 0.0f};
  return {scale, largest_code / amax};
}

}  // namespace
}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Not a number where one of the vector is not.
HWY_INLINE float largest_lane(VF32 magnitudes) {
  const F32 d;
  if (!hn::AllFalse(d, hn::IsNaN(magnitudes))) return std::numeric_limits<float>::quiet_NaN();
  return hn::GetLane(hn::MaxOfLanes(d, magnitudes));
}

// max(a, |x|), NaN if one is NaN.
HWY_INLINE VF32 max_magnitude(VF32 a, VF32 x) {
  const VF32 magnitude = hn::Abs(x);
  return hn::IfThenElse(hn::Or(hn::Lt(magnitude, a), hn::IsNaN(a)), a, magnitude);
}

// numbers: [count], aligned, count a multiple of 16. Returns the scale.
HWY_INLINE float encode_all(float* numbers, size_t count, unsigned bits) {
  const F32 d;
  VF32 amax = hn::Zero(d);
  for (size_t i = 0; i < count; i += kLanes) amax = max_magnitude(amax, hn::Load(d, numbers + i));
  const Scale scale = scale_of(largest_lane(amax), bits);
  const VF32 factor = hn::Set(d, scale.factor);
  for (size_t i = 0; i < count; i += kLanes) {
    hn::Store(hn::Round(hn::Mul(hn::Load(d, numbers + i), factor)), d, numbers + i);
  }
  return scale.scale;
}

// rows: [64][stride], aligned, stride a multiple of 16; a scale for each column.
HWY_INLINE void encode_columns(float* rows, size_t stride, unsigned bits, float* scales) {
  const F32 d;
  HWY_ALIGN float factors[kLanes];
  for (size_t c = 0; c < stride; c += kLanes) {
    VF32 amax = hn::Zero(d);
    for (size_t r = 0; r < kBlock; ++r) amax = max_magnitude(amax, hn::Load(d, rows + r * stride + c));
    hn::Store(amax, d, factors);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const Scale scale = scale_of(factors[lane], bits);
      scales[c + lane] = scale.scale;
      factors[lane] = scale.factor;
    }
    const VF32 factor = hn::Load(d, factors);
    for (size_t r = 0; r < kBlock; ++r) {
      float* at = rows + r * stride + c;
      hn::Store(hn::Round(hn::Mul(hn::Load(d, at), factor)), d, at);
    }
  }
}

void quantize_query(const QuantizeUnit& unit) {
  Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim;
  float* panel = operands.query_panel(unit.b, unit.head, unit.block);
  if (float* shifts = operands.logit_shifts(unit.b, unit.head, unit.block)) {
    for (size_t r = 0; r < kBlock; ++r) {
      double sum = 0;
      for (size_t c = 0; c < operands.head_dim; ++c) sum += static_cast<double>(panel[r * padded_dim + c]) * unit.mean[c];
      shifts[r] = static_cast<float>(static_cast<double>(unit.options.scale) * sum);
    }
  }
  const float scale = encode_all(panel, kBlock * padded_dim, operands.quantization.query_key_bits);
  operands.query_factor(unit.b, unit.head, unit.block) =
      static_cast<float>(static_cast<double>(scale) * static_cast<double>(unit.options.scale) * kLog2E);
}

// Invalid keys are zeros before and after.
HWY_INLINE void quantize_keys(const QuantizeUnit& unit) {
  Operands& operands = unit.operands;
  const F32 d;
  float* panel = operands.key_panel(unit.b, unit.head, unit.block);
  const float* exclusion = operands.exclusion(unit.b, operands.sets[unit.head].order, unit.block);
  for (size_t c = 0; unit.mean != nullptr && c < operands.head_dim; ++c) {
    const VF32 mean = hn::Set(d, static_cast<float>(unit.mean[c]));
    for (size_t j = 0; j < kBlock; j += kLanes) {
      float* at = panel + c * kBlock + j;
      const auto valid = hn::Eq(hn::Load(d, exclusion + j), hn::Zero(d));
      hn::Store(hn::IfThenElseZero(valid, hn::Sub(hn::Load(d, at), mean)), d, at);
    }
  }
  operands.key_factor(unit.b, unit.head, unit.block) =
      encode_all(panel, kBlock * operands.head_dim, operands.quantization.query_key_bits);
}

HWY_INLINE void quantize_values(const QuantizeUnit& unit) {
  Operands& operands = unit.operands;
  const F32 d;
  const size_t padded_dim = operands.padded_dim;
  const unsigned bits = operands.quantization.value_bits;
  float* panel = operands.value_panel(unit.b, unit.head, unit.block);
  float* factors = operands.value_factors(unit.b, unit.head, unit.block);
  const float* channels = operands.channel_factors(unit.b, unit.head);
  if (channels == nullptr) return encode_columns(panel, padded_dim, bits, factors);
  for (size_t c = 0; c < padded_dim; c += kLanes) {
    const VF32 factor = hn::Div(hn::Set(d, 1.0f), hn::Load(d, channels + c));
    for (size_t r = 0; r < kBlock; ++r) {
      float* at = panel + r * padded_dim + c;
      hn::Store(hn::Mul(hn::Load(d, at), factor), d, at);
    }
  }
  const VF32 scale = hn::Set(d, encode_all(panel, kBlock * padded_dim, bits));
  for (size_t c = 0; c < padded_dim; c += kLanes) hn::Store(scale, d, factors + c);
}

void quantize_key_value(const QuantizeUnit& unit) {
  if (unit.operands.quantization.query_key_bits > 0) quantize_keys(unit);
  if (unit.operands.quantization.value_bits > 0) quantize_values(unit);
}

// The largest magnitude of each channel of the set `head`, 1 where that is no normal number: the scales of rank 1.
void measure_channels(const QuantizeUnit& unit) {
  const Operands& operands = unit.operands;
  const F32 d;
  float* channels = operands.channel_factors(unit.b, unit.head);
  for (size_t c = 0; c < operands.padded_dim; c += kLanes) {
    VF32 amax = hn::Zero(d);
    for (size_t block = 0; block < operands.key_blocks; ++block) {
      const float* panel = operands.value_panel(unit.b, unit.head, block) + c;
      for (size_t r = 0; r < kBlock; ++r) amax = max_magnitude(amax, hn::Load(d, panel + r * operands.padded_dim));
    }
    const auto tiny = hn::Lt(amax, hn::Set(d, std::numeric_limits<float>::min()));
    hn::Store(hn::IfThenElse(tiny, hn::Set(d, 1.0f), amax), d, channels + c);
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

HWY_EXPORT(quantize_query);
HWY_EXPORT(quantize_key_value);
HWY_EXPORT(measure_channels);

// Of the valid keys of a set, [head_dim]; invalid ones are zeros in the panels.
void mean_of_keys(const Operands& operands, size_t b, size_t set, double* mean) {
  size_t valid = 0;
  for (size_t c = 0; c < operands.head_dim; ++c) mean[c] = 0;
  for (size_t block = 0; block < operands.key_blocks; ++block) {
    const float* panel = operands.key_panel(b, set, block);
    valid += operands.validity(b, operands.sets[set].order, block).count;
    for (size_t c = 0; c < operands.head_dim; ++c) {
      for (size_t j = 0; j < kBlock; ++j) mean[c] += static_cast<double>(panel[c * kBlock + j]);
    }
  }
  // In float32: it is what is taken off.
  for (size_t c = 0; c < operands.head_dim; ++c) {
    mean[c] = static_cast<double>(static_cast<float>(mean[c] / static_cast<double>(valid)));
  }
}

}  // namespace

void quantize(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands) {
  const Quantization& quantization = operands->quantization;
  if (quantization.query_key_bits == 0 && quantization.value_bits == 0) return;
  const size_t sets = operands->sets.size(), batch = operands->batch;
  const bool smooth = quantization.query_key_bits > 0 && quantization.smooth_keys;
  std::vector<double> means(smooth ? batch * sets * operands->head_dim : 0);
  const auto mean_of = [&](size_t b, size_t set) {
    return smooth ? means.data() + (b * sets + set) * operands->head_dim : nullptr;
  };
  const auto channel_kernel = HWY_DYNAMIC_DISPATCH(measure_channels);
  parallel_units(batch * sets, cancelled, [&](size_t index, size_t) {
    const size_t b = index / sets, set = index % sets;
    if (smooth) mean_of_keys(*operands, b, set, mean_of(b, set));
    if (operands->channel_factors(b, set)) channel_kernel({options, *operands, nullptr, b, set, 0});
  });
  const auto query_kernel = HWY_DYNAMIC_DISPATCH(quantize_query);
  const auto key_value_kernel = HWY_DYNAMIC_DISPATCH(quantize_key_value);
  const size_t query_blocks = operands->query_blocks, key_blocks = operands->key_blocks;
  const size_t query_units = quantization.query_key_bits > 0 ? batch * operands->heads * query_blocks : 0;
  parallel_units(query_units + batch * sets * key_blocks, cancelled, [&](size_t index, size_t) {
    if (index < query_units) {
      const size_t head = index / query_blocks % operands->heads, b = index / query_blocks / operands->heads;
      query_kernel({options, *operands, mean_of(b, operands->set_of_head[head]), b, head, index % query_blocks});
    } else {
      const size_t at = index - query_units, set = at / key_blocks % sets, b = at / key_blocks / sets;
      key_value_kernel({options, *operands, mean_of(b, set), b, set, at % key_blocks});
    }
  });
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
