#include "elementwise/activate.h"

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/activate.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "elementwise/activation_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

template <class Function>
HWY_INLINE void transform(const float* input, size_t count, float* output, const Function& function) {
  const hn::ScalableTag<float> d;
  using D = decltype(d);
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(function(d, hn::LoadU(d, input + i)), d, output + i);
  if (i < count) {
    HWY_ALIGN float rest[hn::MaxLanes(D())] = {};
    for (size_t j = 0; i + j < count; ++j) rest[j] = input[i + j];
    hn::Store(function(d, hn::Load(d, rest)), d, rest);
    for (size_t j = 0; i + j < count; ++j) output[i + j] = rest[j];
  }
}

void activate_range(const float* input, size_t count, Activation activation, float* output) {
  switch (activation) {
    case Activation::kNone:
      break;
    case Activation::kSilu:
      return transform(input, count, output, [](auto d, auto x) HWY_ATTR { return silu(d, x); });
    case Activation::kGelu:
      return transform(input, count, output, [](auto d, auto x) HWY_ATTR { return gelu(d, x); });
    case Activation::kGeluTanh:
      return transform(input, count, output, [](auto d, auto x) HWY_ATTR { return gelu_tanh(d, x); });
    case Activation::kRelu:
      return transform(input, count, output, [](auto d, auto x) HWY_ATTR { return relu(d, x); });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>

namespace paroattn {

HWY_EXPORT(activate_range);

void activate(const float* input, size_t count, Activation activation, const CancelFlag* cancelled, float* output) {
  if (activation == Activation::kNone) {
    if (output != input) std::memcpy(output, input, count * sizeof(float));
    return;
  }
  parallel_ranges(count, kParallelGrain / 4, cancelled, [&](size_t begin, size_t end) {
    HWY_DYNAMIC_DISPATCH(activate_range)(input + begin, end - begin, activation, output + begin);
  });
}

void activate_in_place(float* values, size_t count, Activation activation) {
  if (activation != Activation::kNone) HWY_DYNAMIC_DISPATCH(activate_range)(values, count, activation, values);
}

}  // namespace paroattn
#endif  // HWY_ONCE
