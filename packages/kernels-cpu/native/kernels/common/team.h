// Gives each thread of an OpenMP team a processor of its own.
//
// A thread that waits at a barrier is woken by another one, and the kernel may put it behind that one rather than on the
// processor that is idle: in a virtual machine that does not tell which processors share a cache it looks no further. It
// then takes milliseconds to part the two, and kernels run at half their speed. Where a team has as many threads as there
// are processors, nothing is lost by tying each to its own; smaller teams are left to the operating system, for two of
// them should not choose the same processors.
//
// Such a team leaves no processor to the thread that hands out its work, JavaScript's, which wakes for microseconds at a time
// and is to go first when it does: threads of the team ask for the longest slices of time there are. And the thread that
// begins the work keeps clear of the processor where it is handed out, or one of the two would wait for the other while the
// other processors have nothing to do.
#ifndef PAROATTN_COMMON_TEAM_H_
#define PAROATTN_COMMON_TEAM_H_

#include <omp.h>

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
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
    tied_.resize(homes_.size());
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
#ifdef __linux__
    tie_all();
#endif
  }

  // To be called on the thread that hands out work, while the team's own thread sleeps.
  void keep_clear_of_caller() {
#ifdef __linux__
    if (homes_.empty() || sched_getcpu() != homes_[0]) return;
    std::swap(homes_[0], homes_[1]);
    for (size_t thread : {0, 1}) tie(thread);
#endif
  }

 private:
#ifdef __linux__
  void tie_all() {
    const int threads = static_cast<int>(homes_.size());
#pragma omp parallel num_threads(threads)
    {
      static thread_local const pid_t id = static_cast<pid_t>(syscall(SYS_gettid));
      const size_t thread = static_cast<size_t>(omp_get_thread_num());
      if (tied_[thread] != id) {
        tied_[thread] = id;
        tie(thread);
        ask_for_time_slice(kSlice);
      }
    }
  }

  // Where this is forbidden the thread stays free, as it was.
  void tie(size_t thread) const {
    if (tied_[thread] == 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(homes_[thread], &set);
    sched_setaffinity(tied_[thread], sizeof(set), &set);
  }

  std::vector<pid_t> tied_;  // the ids of the threads; 0: not yet known
#endif
  std::vector<int> homes_;  // of each thread; empty: nothing is tied
  std::chrono::steady_clock::time_point settled_{};
};

}  // namespace paroattn

#endif  // PAROATTN_COMMON_TEAM_H_
