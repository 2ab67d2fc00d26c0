// How long the calling thread asks to run at a time.
//
// Linux lets a thread that wakes go first if it asks for shorter slices than the one that runs; with equal ones it now and
// then waits for the next tick of the clock, 4 ms. The share of the processor is the same whatever the slice.
#ifndef PAROATTN_COMMON_TIME_SLICE_H_
#define PAROATTN_COMMON_TIME_SLICE_H_

#include <cstdint>

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace paroattn {

#ifdef __linux__
// struct sched_attr of linux/sched/types.h, which glibc 2.36 has no room for beside its own sched.h.
struct SchedulingAttributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};
#endif

// In nanoseconds; 0 where the system has no such thing (Linux before 6.12).
inline uint64_t time_slice() noexcept {
#ifdef __linux__
  SchedulingAttributes attributes = {};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0) return attributes.runtime;
#endif
  return 0;
}

// Changes nothing where that is forbidden, or where somebody has chosen another scheduling policy. The kernel allows 0.1 to
// 100 ms and takes what is nearest.
inline void ask_for_time_slice(uint64_t nanoseconds) noexcept {
#ifdef __linux__
  SchedulingAttributes attributes = {};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 || attributes.policy != SCHED_OTHER) return;
  attributes.runtime = nanoseconds;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
#else
  static_cast<void>(nanoseconds);
#endif
}

}  // namespace paroattn

#endif  // PAROATTN_COMMON_TIME_SLICE_H_
