// VNNI multiplies bytes and sums four products at once: AVX-512 VNNI beside AVX-512, AVX-VNNI beside AVX2. This Highway has
// no target for the one, and takes the other only together with much else, so it is asked for beside the target.
#ifndef PAROATTN_COMMON_VNNI_H_
#define PAROATTN_COMMON_VNNI_H_

#include <atomic>
#include <cstdint>

#include "hwy/targets.h"

namespace paroattn {

// False keeps all kernels from it.
inline std::atomic<bool> vnni_allowed{true};

inline bool machine_has_avx512_vnni() {
#if HWY_ARCH_X86
  return __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

inline bool machine_has_avx_vnni() {
#if HWY_ARCH_X86
  return __builtin_cpu_supports("avxvnni") != 0;
#else
  return false;
#endif
}

// Whether kernels are to use the VNNI that belongs to the instruction set in use.
inline bool has_vnni() {
  if (!vnni_allowed.load(std::memory_order_relaxed)) return false;
  const int64_t supported = hwy::SupportedTargets();
  if (supported & (HWY_AVX3 | HWY_AVX3_DL)) return machine_has_avx512_vnni();
  return (supported & HWY_AVX2) != 0 && machine_has_avx_vnni();
}

}  // namespace paroattn

#endif  // PAROATTN_COMMON_VNNI_H_
