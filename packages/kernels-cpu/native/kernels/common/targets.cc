#include "common/targets.h"

#include <dnnl.h>

#include <algorithm>

#include "common/vnni.h"
#include "hwy/targets.h"

namespace paroattn {
namespace {

constexpr int64_t kAvx512Targets = HWY_AVX3 | HWY_AVX3_DL;
constexpr int64_t kVectorTargets = kAvx512Targets | HWY_AVX2 | HWY_SSE4 | HWY_SSSE3;

}  // namespace

Target current_target() {
  const int64_t supported = hwy::SupportedTargets();
  if (supported & kAvx512Targets) return has_vnni() ? Target::kAvx512Vnni : Target::kAvx512;
  if (supported & HWY_AVX2) return has_vnni() ? Target::kAvx2Vnni : Target::kAvx2;
  return Target::kScalar;
}

const std::vector<Target>& machine_targets() {
  static const std::vector<Target> all = [] {
    const Target best = current_target();
    std::vector<Target> targets = {Target::kScalar};
    if (best >= Target::kAvx2) targets.push_back(Target::kAvx2);
    if (best >= Target::kAvx2 && machine_has_avx_vnni()) targets.push_back(Target::kAvx2Vnni);
    if (best >= Target::kAvx512) targets.push_back(Target::kAvx512);
    if (best == Target::kAvx512Vnni) targets.push_back(best);
    return targets;
  }();
  return all;
}

bool limit_target(Target target) {
  const std::vector<Target>& all = machine_targets();
  if (std::find(all.begin(), all.end(), target) == all.end()) return false;
  if (target == all.back()) return true;
  switch (target) {
    case Target::kScalar:
      hwy::DisableTargets(kVectorTargets);
      // The least that oneDNN can be held to.
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
      break;
    case Target::kAvx2:
    case Target::kAvx2Vnni:
      hwy::DisableTargets(kAvx512Targets);
      dnnl_set_max_cpu_isa(target == Target::kAvx2 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_avx2_vnni);
      break;
    case Target::kAvx512:
      dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx512_core);
      break;
    case Target::kAvx512Vnni:
      break;
  }
  vnni_allowed = target == Target::kAvx2Vnni;
  return true;
}

}  // namespace paroattn
