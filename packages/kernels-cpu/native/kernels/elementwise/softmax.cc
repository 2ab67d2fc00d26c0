#include "elementwise/softmax.h"

#include <limits>

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/softmax.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "elementwise/activation_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
// The first `count` lanes of what may end there; -infinity in the others.
template <class D>
HWY_INLINE hn::Vec<D> load_first(D d, const float* values, size_t count) {
  const auto first = hn::FirstN(d, count);
  return hn::IfThenElse(first, hn::MaskedLoad(first, d, values),
                        hn::Set(d, -std::numeric_limits<float>::infinity()));
}

template <class D>
HWY_INLINE void store_first(D d, hn::Vec<D> value, size_t count, float* values) {
  hn::BlendedStore(value, hn::FirstN(d, count), d, values);
}
#else
template <class D>
HWY_INLINE hn::Vec<D> load_first(D d, const float* values, size_t count) {
  HWY_ALIGN float lanes[hn::MaxLanes(D())];
  for (float& lane : lanes) lane = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < count; ++i) lanes[i] = values[i];
  return hn::Load(d, lanes);
}

template <class D>
HWY_INLINE void store_first(D d, hn::Vec<D> value, size_t count, float* values) {
  HWY_ALIGN float lanes[hn::MaxLanes(D())];
  hn::Store(value, d, lanes);
  for (size_t i = 0; i < count; ++i) values[i] = lanes[i];
}
#endif

void softmax(float* values, size_t runs, size_t length) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const size_t whole = length / lanes * lanes;
  const size_t rest = length - whole;
  for (size_t run = 0; run < runs; ++run) {
    float* const HWY_RESTRICT row = values + run * length;
    auto last = load_first(d, row + whole, rest);
    auto highest = last;
    for (size_t i = 0; i < whole; i += lanes) highest = hn::Max(highest, hn::LoadU(d, row + i));
    const auto maximum = hn::MaxOfLanes(d, highest);

    last = exp(d, hn::Sub(last, maximum));
    auto sums = last;
    for (size_t i = 0; i < whole; i += lanes) {
      const auto share = exp(d, hn::Sub(hn::LoadU(d, row + i), maximum));
      sums = hn::Add(sums, share);
      hn::StoreU(share, d, row + i);
    }
    const auto factor = hn::Div(hn::Set(d, 1.0f), hn::SumOfLanes(d, sums));
    for (size_t i = 0; i < whole; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, row + i), factor), d, row + i);
    store_first(d, hn::Mul(last, factor), rest, row + whole);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {

HWY_EXPORT(softmax);

void softmax_runs(float* values, size_t runs, size_t length) {
  HWY_DYNAMIC_DISPATCH(softmax)(values, runs, length);
}

}  // namespace paroattn
#endif  // HWY_ONCE
