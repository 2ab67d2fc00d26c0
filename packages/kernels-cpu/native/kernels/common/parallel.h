// Parallel loops on the OpenMP team of the calling thread (omp_set_num_threads), so that our kernels and oneDNN's share
// their threads.
#ifndef PAROATTN_COMMON_PARALLEL_H_
#define PAROATTN_COMMON_PARALLEL_H_

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace paroattn {

using CancelFlag = std::atomic<bool>;

inline bool is_cancelled(const CancelFlag* flag) noexcept {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

inline size_t thread_count() noexcept { return static_cast<size_t>(omp_get_max_threads()); }

// Calls run(unit, thread) for every unit, thread < thread_count(), handed out one by one so that uneven units balance.
// Units that have not begun when the flag rises are skipped. `run` must not throw.
template <class Run>
void parallel_units(size_t units, const CancelFlag* cancelled, const Run& run) {
  const int64_t count = static_cast<int64_t>(units);
  if (count <= 1 || thread_count() == 1) {
    for (int64_t unit = 0; unit < count && !is_cancelled(cancelled); ++unit) run(static_cast<size_t>(unit), size_t{0});
    return;
  }
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t unit = 0; unit < count; ++unit) {
    if (!is_cancelled(cancelled)) run(static_cast<size_t>(unit), static_cast<size_t>(omp_get_thread_num()));
  }
}

// Calls run(begin, end) over 0 .. count in pieces of at least `grain`; ranges that have not begun when the flag rises
// are skipped. `run` must not throw.
template <class Run>
void parallel_ranges(size_t count, size_t grain, const CancelFlag* cancelled, const Run& run) {
  const size_t threads = thread_count();
  // Four pieces a thread: enough to even out a neighbour's interference, few enough to cost nothing.
  const size_t piece = std::max({grain, (count + 4 * threads - 1) / (4 * threads), size_t{1}});
  const int64_t pieces = static_cast<int64_t>((count + piece - 1) / piece);
  if (pieces <= 1 || threads == 1) {
    for (int64_t i = 0; i < pieces && !is_cancelled(cancelled); ++i) {
      run(static_cast<size_t>(i) * piece, std::min(count, (static_cast<size_t>(i) + 1) * piece));
    }
    return;
  }
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t i = 0; i < pieces; ++i) {
    if (!is_cancelled(cancelled)) {
      run(static_cast<size_t>(i) * piece, std::min(count, (static_cast<size_t>(i) + 1) * piece));
    }
  }
}

// Floats that are worth handing to another thread (memory-bound loops).
constexpr size_t kParallelGrain = 16384;

}  // namespace paroattn

#endif  // PAROATTN_COMMON_PARALLEL_H_
