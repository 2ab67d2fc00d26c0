#include "fma_ceiling.h"

#include "common/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_ceiling.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Returns the floating-point operations done; *sink keeps them alive.
double multiply_add(float* sink) {
  constexpr int kChains = 12, kTurns = 2000000;
  const HWY_FULL(float) d;
  hn::Vec<decltype(d)> sums[kChains];
  const auto factor = hn::Set(d, 0.999f), term = hn::Set(d, 1e-3f);
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  for (int turn = 0; turn < kTurns; ++turn) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], factor, term);
  }
  auto total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) total = hn::Add(total, sums[i]);
  *sink = hn::GetLane(total);
  return 2.0 * kChains * kTurns * static_cast<double>(hn::Lanes(d));
}

}  // namespace HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
HWY_EXPORT(multiply_add);

double multiply_add_on(int threads) {
  const auto kernel = HWY_DYNAMIC_DISPATCH(multiply_add);
  double operations = 0;
#pragma omp parallel num_threads(threads) reduction(+ : operations)
  {
    volatile float kept;
    float sink;
    operations += kernel(&sink);
    kept = sink;
    (void)kept;
  }
  return operations;
}
#endif
