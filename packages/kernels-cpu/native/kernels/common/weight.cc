#include "common/weight.h"

#include "common/parallel.h"
#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/weight.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D, class Half>
void widen_halves(D d, const Half* input, size_t count, float* output) {
  const hn::Rebind<Half, D> half;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, input + i)), d, output + i);
  }
  if (i < count) {
    HWY_ALIGN Half rest[hn::MaxLanes(D())] = {};
    HWY_ALIGN float wide[hn::MaxLanes(D())];
    for (size_t j = 0; i + j < count; ++j) rest[j] = input[i + j];
    hn::Store(hn::PromoteTo(d, hn::Load(half, rest)), d, wide);
    for (size_t j = 0; i + j < count; ++j) output[i + j] = wide[j];
  }
}

void widen_f16(const void* input, size_t count, float* output) {
  widen_halves(hn::ScalableTag<float>(), static_cast<const hwy::float16_t*>(input), count, output);
}

void widen_bf16(const void* input, size_t count, float* output) {
  widen_halves(hn::ScalableTag<float>(), static_cast<const hwy::bfloat16_t*>(input), count, output);
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>

namespace paroattn {

HWY_EXPORT(widen_f16);
HWY_EXPORT(widen_bf16);

void widen(const Weight& weight, size_t first, size_t count, float* output) {
  if (count == 0) return;
  const uint8_t* start = static_cast<const uint8_t*>(weight.data) + first * bytes_of(weight.type);
  switch (weight.type) {
    case WeightType::kF32:
      std::memcpy(output, start, count * sizeof(float));
      break;
    case WeightType::kF16:
      HWY_DYNAMIC_DISPATCH(widen_f16)(start, count, output);
      break;
    case WeightType::kBf16:
      HWY_DYNAMIC_DISPATCH(widen_bf16)(start, count, output);
      break;
  }
}

void widen_parallel(const Weight& weight, size_t first, size_t count, float* output) {
  parallel_ranges(count, kParallelGrain, nullptr,
                  [&](size_t begin, size_t end) { widen(weight, first + begin, end - begin, output + begin); });
}

}  // namespace paroattn
#endif  // HWY_ONCE
