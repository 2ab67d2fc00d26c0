// Gives each thread of an OpenMP team a processor of its own.
//
// A thread that waits at a barrier is woken by another one, and the kernel may put it behind that one rather than on the
// processor that is idle: in a virtual machine that does not tell which processors share a cache it looks no further. It
// then takes milliseconds to part the two, and kernels run at half their speed. Where a team has as many threads as there
// are processors, nothing is lost by tying each to its own; smaller teams are left to the operating system, for two of
// them should not choose the same processors.
//
// Such a team leaves no processor to the thread that hands out its work, JavaScript's, which wakes for microseconds at a time
// and is to go first when it does: threads of the team ask for the longest slices of time there are.
#ifndef PAROATTN_COMMON_TEAM_H_
#define PAROATTN_COMMON_TEAM_H_

#include <omp.h>

#include <chrono>
#include <cstddef>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

#include "common/time_slice.h"

namespace paroattn {

class Team {
 public:
  // Of the threads that are tied, in nanoseconds.
  static constexpr uint64_t kSlice = 100'000'000;

  // To be made and used on the thread whose team it is.
  explicit Team(size_t threads) {
#ifdef __linux__
    cpu_set_t allowed;
    if (threads < 2 || sched_getaffinity(0, sizeof(allowed), &allowed) != 0 ||
        static_cast<size_t>(CPU_COUNT(&allowed)) != threads) {
      return;
    }
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (CPU_ISSET(processor, &allowed)) homes_.push_back(processor);
    }
#else
    static_cast<void>(threads);
#endif
  }

  // Ties threads that are new, unless it looked for such in the last 2 ms: OpenMP ends and makes threads as loops ask for
  // fewer and more of them, and new ones start where the thread that made them is tied. Cheapest while they are awake.
  void settle() {
    if (homes_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - settled_ < std::chrono::milliseconds(2)) return;
    settled_ = now;
    tie();
  }

 private:
  void tie() const {
#ifdef __linux__
    const int threads = static_cast<int>(homes_.size());
#pragma omp parallel num_threads(threads)
    {
      static thread_local int home = -1;
      const int wanted = homes_[static_cast<size_t>(omp_get_thread_num())];
      if (home != wanted) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(wanted, &set);
        // Where this is forbidden the thread stays free, as it was.
        sched_setaffinity(0, sizeof(set), &set);
        ask_for_time_slice(kSlice);
        home = wanted;
      }
    }
#endif
  }

  std::vector<int> homes_;  // of each thread; empty: nothing is tied
  std::chrono::steady_clock::time_point settled_{};
};

}  // namespace paroattn

#endif  // PAROATTN_COMMON_TEAM_H_
