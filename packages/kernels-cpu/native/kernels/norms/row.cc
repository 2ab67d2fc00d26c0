#include "norms/row.h"

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "norms/row.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Values that one f32 lane sum may hold before it is added to the f64 total.
constexpr size_t kPiece = 4096;

// Four sums side by side, so that additions do not wait for each other: map(d, vector) of each value.
template <class Map>
HWY_INLINE double sum_mapped(const float* HWY_RESTRICT values, size_t count, const Map& map) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  const size_t lanes = hn::Lanes(d);
  double total = 0;
  for (size_t start = 0; start < count; start += kPiece) {
    const size_t end = HWY_MIN(count, start + kPiece);
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    size_t i = start;
    for (; i + 4 * lanes <= end; i += 4 * lanes) {
      s0 = hn::Add(s0, map(d, hn::LoadU(d, values + i)));
      s1 = hn::Add(s1, map(d, hn::LoadU(d, values + i + lanes)));
      s2 = hn::Add(s2, map(d, hn::LoadU(d, values + i + 2 * lanes)));
      s3 = hn::Add(s3, map(d, hn::LoadU(d, values + i + 3 * lanes)));
    }
    for (; i + lanes <= end; i += lanes) s0 = hn::Add(s0, map(d, hn::LoadU(d, values + i)));
    total += hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
    for (; i < end; ++i) total += hn::GetLane(map(single, hn::LoadU(single, values + i)));
  }
  return total;
}

double sum_plain(const float* values, size_t count) {
  return sum_mapped(values, count, [](auto, auto x) HWY_ATTR { return x; });
}

double sum_squares(const float* values, size_t count, float centre) {
  return sum_mapped(values, count, [centre](auto d, auto x) HWY_ATTR {
    const auto distance = hn::Sub(x, hn::Set(d, centre));
    return hn::Mul(distance, distance);
  });
}

template <class Body>
HWY_INLINE void for_lanes(size_t count, const Body& body) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) body(d, i);
  for (; i < count; ++i) body(single, i);
}

void normalise(const float* HWY_RESTRICT input, size_t count, float centre, float factor,
               const float* HWY_RESTRICT weight, const float* HWY_RESTRICT bias, float* HWY_RESTRICT output) {
  for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
    auto x = hn::Mul(hn::Sub(hn::LoadU(d, input + i), hn::Set(d, centre)), hn::Set(d, factor));
    if (weight != nullptr) x = hn::Mul(x, hn::LoadU(d, weight + i));
    if (bias != nullptr) x = hn::Add(x, hn::LoadU(d, bias + i));
    hn::StoreU(x, d, output + i);
  });
}

void modulate(float* HWY_RESTRICT values, size_t count, const float* HWY_RESTRICT scale,
              const float* HWY_RESTRICT shift) {
  for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
    const auto x = hn::LoadU(d, values + i);
    hn::StoreU(hn::Add(hn::MulAdd(x, hn::LoadU(d, scale + i), x), hn::LoadU(d, shift + i)), d, values + i);
  });
}

void affine(const float* HWY_RESTRICT input, size_t count, float factor, float offset, float* HWY_RESTRICT output) {
  for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, input + i), hn::Set(d, factor), hn::Set(d, offset)), d, output + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {

HWY_EXPORT(sum_plain);
HWY_EXPORT(sum_squares);
HWY_EXPORT(normalise);
HWY_EXPORT(modulate);
HWY_EXPORT(affine);

double sum_of(const float* values, size_t count) { return HWY_DYNAMIC_DISPATCH(sum_plain)(values, count); }

double sum_of_squares(const float* values, size_t count, float centre) {
  return HWY_DYNAMIC_DISPATCH(sum_squares)(values, count, centre);
}

void normalise_row(const float* input, size_t count, float centre, float factor, const float* weight,
                   const float* bias, float* output) {
  HWY_DYNAMIC_DISPATCH(normalise)(input, count, centre, factor, weight, bias, output);
}

void modulate_row(float* values, size_t count, const float* scale, const float* shift) {
  HWY_DYNAMIC_DISPATCH(modulate)(values, count, scale, shift);
}

void affine_row(const float* input, size_t count, float factor, float offset, float* output) {
  HWY_DYNAMIC_DISPATCH(affine)(input, count, factor, offset, output);
}

}  // namespace paroattn
#endif  // HWY_ONCE
