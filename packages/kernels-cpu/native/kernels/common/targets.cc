#include "common/targets.h"

#include <dnnl.h>

#include "hwy/targets.h"

namespace paroattn {
namespace {

constexpr int64_t kAvx512Targets = HWY_AVX3 | HWY_AVX3_DL;
constexpr int64_t kVectorTargets = kAvx512Targets | HWY_AVX2 | HWY_SSE4 | HWY_SSSE3;

}  // namespace

Target current_target() {
  const int64_t supported = hwy::SupportedTargets();
  if (supported & kAvx512Targets) return Target::kAvx512;
  return supported & HWY_AVX2 ? Target::kAvx2 : Target::kScalar;
}

Target best_target() {
  static const Target best = current_target();
  return best;
}

bool limit_target(Target target) {
  if (target > best_target()) return false;
  switch (target) {
    case Target::kScalar:
      hwy::DisableTargets(kVectorTargets);
      // The least that oneDNN can be held to.
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
      break;
    case Target::kAvx2:
      hwy::DisableTargets(kAvx512Targets);
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
      break;
    case Target::kAvx512:
      break;
  }
  return true;
}

}  // namespace paroattn
