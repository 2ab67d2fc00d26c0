// A parallel loop over units of work, handed out one by one so that uneven units balance.
#ifndef PAROATTN_ATTENTION_PARALLEL_H_
#define PAROATTN_ATTENTION_PARALLEL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace paroattn {
namespace attention {

inline size_t thread_count() noexcept {
#ifdef _OPENMP
  return static_cast<size_t>(omp_get_max_threads());
#else
  return 1;
#endif
}

inline bool is_set(const std::atomic<bool>* flag) noexcept {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

// Calls run(unit, thread) for every unit, thread < thread_count(). `run` must not throw. Units that have not begun
// when *cancelled becomes true are skipped.
template <class Run>
void parallel_for(size_t units, const std::atomic<bool>* cancelled, const Run& run) {
  const int64_t count = static_cast<int64_t>(units);
#ifdef _OPENMP
  if (count > 1 && thread_count() > 1) {
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t unit = 0; unit < count; ++unit) {
      if (!is_set(cancelled)) run(static_cast<size_t>(unit), static_cast<size_t>(omp_get_thread_num()));
    }
    return;
  }
#endif
  for (int64_t unit = 0; unit < count; ++unit) {
    if (!is_set(cancelled)) run(static_cast<size_t>(unit), size_t{0});
  }
}

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_PARALLEL_H_
