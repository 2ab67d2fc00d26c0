// What a view's commands can be stopped by, and what results depend on. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_CANCELLATION_H_
#define PAROATTN_CUDA_ADDON_CANCELLATION_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "failure.h"
#include "host_memory.h"

namespace paroattn {
namespace cuda {

// Views without a signal of their own share their parent's.
struct Cancellation {
  uint64_t id = 0;
  bool cancellable = false;  // by a signal; the flag is also set when the process ends
  FlagPool::Flag flag;
  bool cancelled = false;
  uint64_t finished = 0;  // the last command that had run by then
  uint64_t last = 0;      // the last command that knows the flag
};
using CancellationPtr = std::shared_ptr<Cancellation>;

// Which cancellable commands something is made from: for each cancellation the last one, which is cancelled first.
class Dependencies {
 public:
  void add(const CancellationPtr& cancellation, uint64_t number) {
    for (auto& [known, last] : entries_) {
      if (known == cancellation) {
        last = number > last ? number : last;
        return;
      }
    }
    entries_.emplace_back(cancellation, number);
  }
  // What has run by now cannot be cancelled any more.
  void add(const Dependencies& others, uint64_t finished) {
    for (const auto& [cancellation, number] : others.entries_) {
      if (number > (cancellation->cancelled ? cancellation->finished : finished)) add(cancellation, number);
    }
  }
  // Null while nothing of it was cancelled.
  FailurePtr failure() const {
    for (const auto& [cancellation, number] : entries_) {
      if (cancellation->cancelled && number > cancellation->finished) {
        return make_failure("", "aborted", cancellation->id);
      }
    }
    return nullptr;
  }
  void clear() { entries_.clear(); }

 private:
  std::vector<std::pair<CancellationPtr, uint64_t>> entries_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_CANCELLATION_H_
