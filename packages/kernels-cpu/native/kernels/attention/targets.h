// Include before hwy/highway.h. Keeps compile time down: plain C++, SSE4, AVX2, AVX-512. SSSE3 without SSE4 is extinct;
// vectors of unknown length (SVE) cannot live in the register tiles of the kernels.
#ifndef PAROATTN_ATTENTION_TARGETS_H_
#define PAROATTN_ATTENTION_TARGETS_H_

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif

#endif  // PAROATTN_ATTENTION_TARGETS_H_
