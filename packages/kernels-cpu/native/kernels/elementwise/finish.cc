#include "elementwise/finish.h"

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/finish.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "elementwise/activation_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace HWY_NAMESPACE {

// One run of neighbours: gate and residual may be null.
template <class Function>
HWY_INLINE void finish_run(size_t count, const float* HWY_RESTRICT gate, const float* HWY_RESTRICT residual,
                           float* HWY_RESTRICT output, const Function& function) {
  const hn::ScalableTag<float> d;
  using D = decltype(d);
  const size_t lanes = hn::Lanes(d);
  const auto value = [&](auto x, const float* gates, const float* residuals) HWY_ATTR {
    auto y = function(d, x);
    if (gates != nullptr && residuals != nullptr) return hn::MulAdd(hn::LoadU(d, gates), y, hn::LoadU(d, residuals));
    if (gates != nullptr) return hn::Mul(hn::LoadU(d, gates), y);
    if (residuals != nullptr) return hn::Add(hn::LoadU(d, residuals), y);
    return y;
  };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto y = value(hn::LoadU(d, output + i), gate == nullptr ? nullptr : gate + i,
                         residual == nullptr ? nullptr : residual + i);
    hn::StoreU(y, d, output + i);
  }
  if (i == count) return;
  HWY_ALIGN float rest[hn::MaxLanes(D())] = {};
  HWY_ALIGN float rest_gate[hn::MaxLanes(D())] = {};
  HWY_ALIGN float rest_residual[hn::MaxLanes(D())] = {};
  for (size_t j = 0; i + j < count; ++j) {
    rest[j] = output[i + j];
    if (gate != nullptr) rest_gate[j] = gate[i + j];
    if (residual != nullptr) rest_residual[j] = residual[i + j];
  }
  hn::Store(value(hn::Load(d, rest), gate == nullptr ? nullptr : rest_gate,
                  residual == nullptr ? nullptr : rest_residual),
            d, rest);
  for (size_t j = 0; i + j < count; ++j) output[i + j] = rest[j];
}

template <class Function>
HWY_INLINE void finish_by(const Finish& finish, const Tile& tile, float* output, const Function& function) {
  for (size_t row = tile.row; row < tile.row + tile.rows; ++row) {
    const size_t at = row * finish.columns + tile.column;
    const float* const gate =
        finish.gate == nullptr ? nullptr : finish.gate + row / finish.rows_per_gate * finish.columns + tile.column;
    const float* const residual = finish.residual == nullptr ? nullptr : finish.residual + at;
    finish_run(tile.columns, gate, residual, output + at, function);
  }
}

void finish(const Finish& finish, const Tile& tile, float* output) {
  switch (finish.activation) {
    case Activation::kNone:
      return finish_by(finish, tile, output, [](auto, auto x) HWY_ATTR { return x; });
    case Activation::kSilu:
      return finish_by(finish, tile, output, [](auto d, auto x) HWY_ATTR { return silu(d, x); });
    case Activation::kGelu:
      return finish_by(finish, tile, output, [](auto d, auto x) HWY_ATTR { return gelu(d, x); });
    case Activation::kGeluTanh:
      return finish_by(finish, tile, output, [](auto d, auto x) HWY_ATTR { return gelu_tanh(d, x); });
    case Activation::kRelu:
      return finish_by(finish, tile, output, [](auto d, auto x) HWY_ATTR { return relu(d, x); });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {

HWY_EXPORT(finish);

void finish_tile(const Finish& finish, const Tile& tile, float* output) {
  if (finish.needed()) HWY_DYNAMIC_DISPATCH(finish)(finish, tile, output);
}

void finish_rows(const Finish& finish, size_t rows, const CancelFlag* cancelled, float* output) {
  if (!finish.needed() || finish.columns == 0) return;
  parallel_ranges(rows, kParallelGrain / 4 / finish.columns + 1, cancelled, [&](size_t begin, size_t end) {
    finish_tile(finish, {begin, end - begin, 0, finish.columns}, output);
  });
}

}  // namespace paroattn
#endif  // HWY_ONCE
