#include <omp.h>

#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "checks.h"
#include "common/team.h"
#include "common/time_slice.h"
#include "tests.h"

#ifdef __linux__
#include <sched.h>

namespace {

size_t allowed_processors() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof(set), &set);
  return static_cast<size_t>(CPU_COUNT(&set));
}

// How many processors each thread of a settled team may run on, and how many they have together; the slices of time that
// they ask for.
struct Settled {
  std::vector<size_t> of_thread;
  std::set<int> together;
  std::vector<uint64_t> slices;
};

Settled settle(size_t threads) {
  omp_set_num_threads(static_cast<int>(threads));
  paroattn::Team team(threads);
  team.settle();
  std::vector<cpu_set_t> sets(threads);
  Settled settled;
  settled.slices.resize(threads);
#pragma omp parallel
  {
    const size_t thread = static_cast<size_t>(omp_get_thread_num());
    sched_getaffinity(0, sizeof(cpu_set_t), &sets[thread]);
    settled.slices[thread] = paroattn::time_slice();
  }
  for (const cpu_set_t& set : sets) {
    settled.of_thread.push_back(static_cast<size_t>(CPU_COUNT(&set)));
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (CPU_ISSET(processor, &set)) settled.together.insert(processor);
    }
  }
  return settled;
}

// The processor that the calling thread is tied to; -1 where it is not.
int home() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof(set), &set);
  if (CPU_COUNT(&set) != 1) return -1;
  int processor = 0;
  while (!CPU_ISSET(processor, &set)) ++processor;
  return processor;
}

// Where the threads of a team of all processors are tied once work was handed out where its first thread was.
std::vector<int> homes_beside_caller(size_t threads, int* caller) {
  omp_set_num_threads(static_cast<int>(threads));
  paroattn::Team team(threads);
  team.settle();
  *caller = home();
  std::thread([&] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*caller, &set);
    sched_setaffinity(0, sizeof(set), &set);
    team.keep_clear_of_caller();
  }).join();
  std::vector<int> homes(threads);
#pragma omp parallel
  homes[static_cast<size_t>(omp_get_thread_num())] = home();
  return homes;
}

}  // namespace

void check_team(Checks& checks) {
  const size_t processors = allowed_processors();
  const uint64_t usual = paroattn::time_slice(), longest = usual == 0 ? 0 : paroattn::Team::kSlice;
  // Threads of their own, so that those of the other tests stay free.
  std::thread([&] {
    const Settled whole = settle(processors);
    checks.expect(whole.of_thread == std::vector<size_t>(processors, 1) && whole.together.size() == processors,
                  "a team of the whole machine has a processor for each thread");
    checks.expect(whole.slices == std::vector<uint64_t>(processors, processors > 1 ? longest : usual),
                  "and its threads let others go first");
  }).join();
  if (processors > 1) {
    std::thread([&] {
      int caller = -1;
      const std::vector<int> homes = homes_beside_caller(processors, &caller);
      checks.expect(caller >= 0 && homes[0] != caller, "its first thread keeps clear of where work is handed out");
      checks.expect(std::set<int>(homes.begin(), homes.end()).size() == processors && homes[1] == caller,
                    "and the others share what is left");
    }).join();
  }
  std::thread([&] {
    const Settled larger = settle(processors + 1);
    checks.expect(larger.of_thread == std::vector<size_t>(processors + 1, processors), "other teams stay free");
    checks.expect(larger.slices == std::vector<uint64_t>(processors + 1, usual), "and as they were");
  }).join();
}
#else
void check_team(Checks& checks) { checks.expect(true, "teams are the operating system's"); }
#endif
