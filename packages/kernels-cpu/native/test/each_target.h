// Runs a test on every instruction set that is compiled in and that this machine has.
#ifndef PAROATTN_TEST_EACH_TARGET_H_
#define PAROATTN_TEST_EACH_TARGET_H_

#include <cstdint>
#include <cstdio>

#include "attention.h"
#include "targets.h"

#include "hwy/highway.h"

template <class Test>
void each_target(const Test& test) {
  const int64_t all = hwy::SupportedTargets() & (HWY_TARGETS);
  for (int64_t left = all; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    std::printf("%s\n", paroattn::attention::instruction_set());
    test(paroattn::attention::instruction_set());
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

#endif  // PAROATTN_TEST_EACH_TARGET_H_
