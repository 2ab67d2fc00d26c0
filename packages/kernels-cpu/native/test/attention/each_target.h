// Runs a test on every instruction set that is compiled in and that this machine has.
#ifndef PAROATTN_TEST_EACH_TARGET_H_
#define PAROATTN_TEST_EACH_TARGET_H_

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "attention.h"
#include "common/targets.h"

#include "hwy/highway.h"

inline void choose_target(int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

// By name, such as "AVX2"; anything else leaves the best one.
inline void use_target(const char* name) {
  for (int64_t left = hwy::SupportedTargets() & (HWY_TARGETS); left != 0; left &= left - 1) {
    if (std::strcmp(hwy::TargetName(left & -left), name) == 0) return choose_target(left & -left);
  }
}

template <class Test>
void each_target(const Test& test) {
  const int64_t all = hwy::SupportedTargets() & (HWY_TARGETS);
  for (int64_t left = all; left != 0; left &= left - 1) {
    choose_target(left & -left);
    std::printf("%s\n", paroattn::attention::instruction_set());
    test(paroattn::attention::instruction_set());
  }
  choose_target(0);
}

#endif  // PAROATTN_TEST_EACH_TARGET_H_
