#include "elementwise/arithmetic.h"

#include "common/targets.h"
#include "elementwise/strides.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/arithmetic.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Runs a loop in whole vectors, then lane by lane: body(tag, index).
template <class Body>
HWY_INLINE void for_lanes(size_t count, const Body& body) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> single;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) body(d, i);
  for (; i < count; ++i) body(single, i);
}

// One row: strides are 0 or 1.
template <class Operation>
HWY_INLINE void binary_row(const float* HWY_RESTRICT a, size_t a_stride, const float* HWY_RESTRICT b, size_t b_stride,
                           size_t count, float* HWY_RESTRICT output, const Operation& operation) {
  if (a_stride == 1 && b_stride == 1) {
    for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
      hn::StoreU(operation(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, output + i);
    });
  } else if (a_stride == 1) {
    for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
      hn::StoreU(operation(hn::LoadU(d, a + i), hn::Set(d, *b)), d, output + i);
    });
  } else if (b_stride == 1) {
    for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
      hn::StoreU(operation(hn::Set(d, *a), hn::LoadU(d, b + i)), d, output + i);
    });
  } else {
    for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
      hn::StoreU(operation(hn::Set(d, *a), hn::Set(d, *b)), d, output + i);
    });
  }
}

void add_row(const float* a, size_t a_stride, const float* b, size_t b_stride, size_t count, float* output) {
  binary_row(a, a_stride, b, b_stride, count, output, [](auto x, auto y) HWY_ATTR { return hn::Add(x, y); });
}

void multiply_row(const float* a, size_t a_stride, const float* b, size_t b_stride, size_t count, float* output) {
  binary_row(a, a_stride, b, b_stride, count, output, [](auto x, auto y) HWY_ATTR { return hn::Mul(x, y); });
}

// output = residual + gate * value
void gated_row(const float* HWY_RESTRICT residual, const float* HWY_RESTRICT value, const float* HWY_RESTRICT gate,
               size_t count, float* HWY_RESTRICT output) {
  for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, gate + i), hn::LoadU(d, value + i), hn::LoadU(d, residual + i)), d, output + i);
  });
}

// output = factor * input (+ output)
void scaled_row(const float* HWY_RESTRICT input, float factor, bool accumulate, size_t count,
                float* HWY_RESTRICT output) {
  for_lanes(count, [&](auto d, size_t i) HWY_ATTR {
    const auto scale = hn::Set(d, factor);
    const auto x = hn::LoadU(d, input + i);
    hn::StoreU(accumulate ? hn::MulAdd(scale, x, hn::LoadU(d, output + i)) : hn::Mul(scale, x), d, output + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>

namespace paroattn {

HWY_EXPORT(add_row);
HWY_EXPORT(multiply_row);
HWY_EXPORT(gated_row);
HWY_EXPORT(scaled_row);

void binary(const BinaryOptions& options, const CancelFlag* cancelled, float* output) {
  std::vector<BroadcastAxis> axes = broadcast_axes(options.shape, options.a_shape, options.b_shape);
  const BroadcastAxis inner = axes.back();
  axes.pop_back();
  size_t rows = 1;
  for (const BroadcastAxis& axis : axes) rows *= axis.size;
  const auto row = options.operation == BinaryOperation::kAdd ? HWY_DYNAMIC_DISPATCH(add_row)
                                                              : HWY_DYNAMIC_DISPATCH(multiply_row);
  // Work is cut along the flat output, so that one long row is shared as well as many short ones.
  parallel_ranges(rows * inner.size, kParallelGrain, cancelled, [&](size_t begin, size_t end) {
    while (begin < end) {
      const size_t index = begin / inner.size;
      const size_t column = begin - index * inner.size;
      const size_t count = std::min(end - begin, inner.size - column);
      size_t a = column * inner.a_stride;
      size_t b = column * inner.b_stride;
      size_t rest = index;
      for (size_t i = axes.size(); i-- > 0;) {
        const size_t at = rest % axes[i].size;
        rest /= axes[i].size;
        a += at * axes[i].a_stride;
        b += at * axes[i].b_stride;
      }
      row(options.a + a, inner.a_stride, options.b + b, inner.b_stride, count, output + begin);
      begin += count;
    }
  });
}

void add_gated(const AddGatedOptions& options, const CancelFlag* cancelled, float* output) {
  const size_t channels = options.channels;
  if (channels == 0) return;
  parallel_ranges(options.batch * options.tokens, kParallelGrain / channels + 1, cancelled,
                  [&](size_t begin, size_t end) {
                    for (size_t row = begin; row < end; ++row) {
                      const size_t at = row * channels;
                      HWY_DYNAMIC_DISPATCH(gated_row)
                      (options.residual + at, options.value + at, options.gate + row / options.tokens * channels,
                       channels, output + at);
                    }
                  });
}

void combine(const std::vector<const float*>& inputs, const std::vector<float>& factors, size_t count,
             const CancelFlag* cancelled, float* output) {
  parallel_ranges(count, kParallelGrain, cancelled, [&](size_t begin, size_t end) {
    // Pieces that stay in the first-level cache while all terms are added.
    constexpr size_t kPiece = 2048;
    for (size_t at = begin; at < end; at += kPiece) {
      const size_t length = std::min(kPiece, end - at);
      for (size_t i = 0; i < inputs.size(); ++i) {
        HWY_DYNAMIC_DISPATCH(scaled_row)(inputs[i] + at, factors[i], i > 0, length, output + at);
      }
    }
  });
}

}  // namespace paroattn
#endif  // HWY_ONCE
