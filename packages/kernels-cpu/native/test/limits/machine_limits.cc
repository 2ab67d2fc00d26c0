// Answers how long a piece of work takes on this machine, whenever it is asked to: so a benchmark in another process can
// take turns with it.
// machine_limits THREADS [scalar|avx2|avx2-vnni|avx512|avx512-vnni]. Reads lines, answers each with a line.
//   fma                        independent multiply-adds on registers
//   copy BYTES                 a copy of so many bytes
//   matmul ROWS INPUTS OUTPUTS oneDNN's own
// Answers: MILLISECONDS AMOUNT, the amount in floating-point operations or bytes.
#include <omp.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "common/targets.h"
#include "fma_ceiling.h"
#include "limits.h"

namespace {

Work work_of(const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  size_t a = 0, b = 0, c = 0;
  words >> kind;
  if (kind == "fma") return [] { return multiply_add_on(omp_get_max_threads()); };
  if (kind == "copy" && words >> a) return copy_of(a);
  if (kind == "matmul" && words >> a >> b >> c) return matmul_of(a, b, c);
  return nullptr;
}

bool choose_target(const char* name) {
  using paroattn::Target;
  const std::map<std::string, Target> targets = {
      {"scalar", Target::kScalar}, {"avx2", Target::kAvx2},     {"avx2-vnni", Target::kAvx2Vnni},
      {"avx512", Target::kAvx512}, {"avx512-vnni", Target::kAvx512Vnni}};
  const auto found = targets.find(name);
  return found != targets.end() && paroattn::limit_target(found->second);
}

// Each thread on a processor of its own: the limit is the machine's, and schedulers wake both on one now and then.
void pin_threads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
#pragma omp parallel
  {
    int wanted = omp_get_thread_num() % CPU_COUNT(&allowed);
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (!CPU_ISSET(processor, &allowed) || wanted-- > 0) continue;
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(processor, &own);
      sched_setaffinity(0, sizeof own, &own);
      break;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 0;
  if (threads < 1 || (argc > 2 && !choose_target(argv[2]))) {
    std::fprintf(stderr, "usage: machine_limits THREADS [scalar|avx2|avx2-vnni|avx512|avx512-vnni]\n");
    return 2;
  }
  omp_set_num_threads(threads);
  pin_threads();
  // What a work needs is made when it is first asked for and kept: its first turn is not its others'.
  std::map<std::string, Work> works;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      Work& work = works[line];
      if (!work) work = work_of(line);
      if (!work) {
        std::fprintf(stderr, "machine_limits: expected fma, copy or matmul with sizes but found '%s'\n", line.c_str());
        return 2;
      }
      const auto start = std::chrono::steady_clock::now();
      const double amount = work();
      const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
      std::printf("%.6f %.0f\n", taken.count(), amount);
      std::fflush(stdout);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "machine_limits: %s: %s\n", line.c_str(), error.what());
      return 1;
    }
  }
  return 0;
}
