// Normalisation and rotary embedding of one row (one token of one head).
#if defined(PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#undef PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#else
#define PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "row_transform.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE float mean_of(const float* row, size_t padded_dim, size_t head_dim) {
  const F32 d;
  VF32 sum = hn::Zero(d);
  for (size_t c = 0; c < padded_dim; c += kLanes) sum = hn::Add(sum, hn::LoadU(d, row + c));
  return hn::GetLane(hn::SumOfLanes(d, sum)) / static_cast<float>(head_dim);
}

// How the values of a row lie about a center: the mean of their distances from it, and of the distances' squares.
struct Spread {
  float mean, square;
};

// The padding must not lie at a distance from the center.
HWY_INLINE Spread spread_about(const float* row, float center, size_t padded_dim, size_t head_dim) {
  const F32 d;
  VF32 sum = hn::Zero(d), squares = hn::Zero(d);
  for (size_t c = 0; c < padded_dim; c += kLanes) {
    const VF32 x = hn::Sub(hn::LoadU(d, row + c), hn::Set(d, center));
    sum = hn::Add(sum, x);
    squares = hn::MulAdd(x, x, squares);
  }
  const float count = static_cast<float>(head_dim);
  return {hn::GetLane(hn::SumOfLanes(d, sum)) / count, hn::GetLane(hn::SumOfLanes(d, squares)) / count};
}

// Pairs (i, i + half).
HWY_INLINE void rotate_half(float* row, const float* cosine, const float* sine, size_t half) {
  const F32 d;
  size_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    const VF32 a = hn::LoadU(d, row + i), b = hn::LoadU(d, row + half + i);
    const VF32 cos = hn::LoadU(d, cosine + i), sin = hn::LoadU(d, sine + i);
    hn::StoreU(hn::NegMulAdd(b, sin, hn::Mul(a, cos)), d, row + i);
    hn::StoreU(hn::MulAdd(a, sin, hn::Mul(b, cos)), d, row + half + i);
  }
  for (; i < half; ++i) {
    const float a = row[i], b = row[half + i];
    row[i] = a * cosine[i] - b * sine[i];
    row[half + i] = a * sine[i] + b * cosine[i];
  }
}

// Pairs (2i, 2i + 1).
HWY_INLINE void rotate_interleaved(float* row, const float* cosine, const float* sine, size_t half) {
  size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const F32 d;
  for (; i + kLanes <= half; i += kLanes) {
    VF32 a, b;
    hn::LoadInterleaved2(d, row + 2 * i, a, b);
    const VF32 cos = hn::LoadU(d, cosine + i), sin = hn::LoadU(d, sine + i);
    const VF32 first = hn::NegMulAdd(b, sin, hn::Mul(a, cos));
    const VF32 second = hn::MulAdd(a, sin, hn::Mul(b, cos));
    hn::StoreInterleaved2(first, second, d, row + 2 * i);
  }
#endif
  for (; i < half; ++i) {
    const float a = row[2 * i], b = row[2 * i + 1];
    row[2 * i] = a * cosine[i] - b * sine[i];
    row[2 * i + 1] = a * sine[i] + b * cosine[i];
  }
}

// source: [head_dim], any alignment; row: [padded_dim], aligned, its padding becomes zero.
HWY_INLINE void transform_row(const RowTransform& t, const float* source, size_t token, float* row) {
  const F32 d;
  if (t.padded_dim != t.head_dim) {
    std::memcpy(row, source, t.head_dim * sizeof(float));
    std::memset(row + t.head_dim, 0, (t.padded_dim - t.head_dim) * sizeof(float));
    source = row;
  }
  if (t.norm == NormKind::kNone) {
    const VF32 scale = hn::Set(d, t.scale);
    for (size_t c = 0; c < t.padded_dim; c += kLanes) hn::Store(hn::Mul(hn::LoadU(d, source + c), scale), d, row + c);
  } else {
    // The mean of a layer norm is rounded, which shows where it is many deviations from zero; the second pass finds by
    // how much (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
    float center = 0.0f, correction = 0.0f;
    if (t.norm == NormKind::kLayer) {
      center = mean_of(source, t.padded_dim, t.head_dim);
      std::fill(row + t.head_dim, row + t.padded_dim, center);
    }
    const Spread spread = spread_about(source, center, t.padded_dim, t.head_dim);
    if (t.norm == NormKind::kLayer) correction = spread.mean;
    const float square = spread.square - correction * correction;
    const VF32 factor = hn::Set(d, 1.0f / std::sqrt(square + t.epsilon));
    for (size_t c = 0; c < t.padded_dim; c += kLanes) {
      const VF32 distance = hn::Sub(hn::LoadU(d, source + c), hn::Set(d, center));
      const VF32 x = hn::Mul(hn::Sub(distance, hn::Set(d, correction)), factor);
      hn::Store(hn::MulAdd(x, hn::LoadU(d, t.weight.data() + c), hn::LoadU(d, t.bias.data() + c)), d, row + c);
    }
  }
  if (t.cosine == nullptr) return;
  const size_t half = t.head_dim / 2;
  if (t.pairing == RotaryPairing::kHalf) {
    rotate_half(row, t.cosine + token * half, t.sine + token * half, half);
  } else {
    rotate_interleaved(row, t.cosine + token * half, t.sine + token * half, half);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
