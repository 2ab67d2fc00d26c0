// The instruction sets that Highway's run-time dispatch may choose. Include before hwy/highway.h.
#ifndef PAROATTN_COMMON_TARGETS_H_
#define PAROATTN_COMMON_TARGETS_H_

#include <vector>

// Compile time: processors with SSE4 but without AVX2 run the scalar target. Vectors of unknown length (SVE) cannot live
// in the register tiles of the attention kernels.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif

namespace paroattn {

// From the least able to the most.
enum class Target { kScalar, kAvx2, kAvx2Vnni, kAvx512, kAvx512Vnni };

// What this machine can run, in that order.
const std::vector<Target>& machine_targets();

// Caps the dispatch of every kernel of this process, oneDNN's included. To be called once, before the first kernel
// runs. Returns false where the machine cannot run the target.
bool limit_target(Target target);

// What the dispatch chooses now.
Target current_target();

}  // namespace paroattn

#endif  // PAROATTN_COMMON_TARGETS_H_
