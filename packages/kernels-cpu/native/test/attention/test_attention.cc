// Tests of the attention kernels on every instruction set this machine has: test_attention [seeds, default 2]
#include <cstdlib>

#include "checks.h"
#include "each_target.h"
#include "tests.h"

int main(int argc, char** argv) {
  const uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2;
  Checks checks;
  each_target([&](const char* target) {
    check_exp2(checks, target);
    check_contract(checks, target);
    check_numerics(checks, target, seeds);
    check_quantized(checks, target);
    check_bf16(checks, target);
  });
  check_mask(checks);
  check_team(checks);
  return checks.finish();
}
