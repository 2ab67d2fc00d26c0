// What operators cost on the device, summed for one timed scope. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_TIMINGS_H_
#define PAROATTN_CUDA_ADDON_TIMINGS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "events.h"

namespace paroattn {
namespace cuda {

class Timings {
 public:
  struct Entry {
    uint64_t calls = 0;
    double milliseconds = 0;
  };

  // Two recorded events of the pool, which get back to it.
  void add(std::string label, cudaEvent_t start, cudaEvent_t stop, EventPool& events) {
    pending_.push_back({std::move(label), start, stop});
    if (pending_.size() > kMostPending) collect(events);
  }
  // Those of the commands that have run.
  const std::map<std::string, Entry>& entries(EventPool& events) {
    collect(events);
    return entries_;
  }

 private:
  struct Pending {
    std::string label;
    cudaEvent_t start, stop;
  };
  static constexpr size_t kMostPending = 1024;

  void collect(EventPool& events) {
    while (!pending_.empty()) {
      Pending& first = pending_.front();
      float milliseconds = 0;
      const cudaError_t error = cudaEventElapsedTime(&milliseconds, first.start, first.stop);
      if (error != cudaSuccess) {
        if (error == cudaErrorNotReady) cudaGetLastError();
        return;
      }
      Entry& entry = entries_[first.label];
      ++entry.calls;
      entry.milliseconds += static_cast<double>(milliseconds);
      events.give(first.start);
      events.give(first.stop);
      pending_.pop_front();
    }
  }

  std::deque<Pending> pending_;
  std::map<std::string, Entry> entries_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_TIMINGS_H_
