// Error of the vectorised 2^x in units in the last place, over a stride of all floats in [-126, 127).
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "checks.h"
#include "common/targets.h"
#include "tests.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "test_exp2.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {

float exp2_of(float x) {
  const HWY_FULL(float) d;
  return hn::GetLane(exp2(d, hn::Set(d, x)));
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {
HWY_EXPORT(exp2_of);

float run_exp2(float x) { return HWY_DYNAMIC_DISPATCH(exp2_of)(x); }

}  // namespace attention
}  // namespace paroattn

namespace {

// Distance between 2^x and what was found, in units in the last place of the exact value.
double ulp_error(float x) {
  const double exact = std::exp2(static_cast<double>(x));
  int exponent;
  std::frexp(exact, &exponent);
  return std::fabs(static_cast<double>(paroattn::attention::run_exp2(x)) - exact) / std::ldexp(1.0, exponent - 24);
}

double worst_ulp(float limit, bool negative, uint32_t stride) {
  uint32_t last;
  std::memcpy(&last, &limit, 4);
  double worst = 0;
  for (uint64_t bits = 0; bits < last; bits += stride) {
    const uint32_t pattern = static_cast<uint32_t>(bits) | (negative ? 0x80000000u : 0u);
    float x;
    std::memcpy(&x, &pattern, 4);
    worst = std::fmax(worst, ulp_error(x));
  }
  return worst;
}

}  // namespace

void check_exp2(Checks& checks, const char* target) {
  using paroattn::attention::run_exp2;
  const std::string name = std::string(target) + " exp2 ";
  const char* stride_text = std::getenv("EXP2_STRIDE");  // 1: every float, about a minute
  const uint32_t stride = stride_text ? static_cast<uint32_t>(std::atoi(stride_text)) : 1009;
  const double worst = std::fmax(worst_ulp(126.0f, true, stride), worst_ulp(127.0f, false, stride));
  if (stride_text) std::printf("%s: largest error of exp2 %.3f ulp\n", target, worst);
  checks.expect(worst <= 2.3, name + "is off by " + std::to_string(worst) + " ulp");
  checks.expect(run_exp2(0.0f) == 1.0f, name + "of 0");
  checks.expect(run_exp2(-126.5f) == 0.0f && run_exp2(-3e38f) == 0.0f, name + "flushes to zero");
  checks.expect(run_exp2(-INFINITY) == 0.0f, name + "of -infinity");
  checks.expect(std::isnan(run_exp2(NAN)), name + "of NaN");
}
#endif
