// How far the device has come. Commands are numbered in the order in which they were enqueued, which is the order in
// which they run. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_PROGRESS_H_
#define PAROATTN_CUDA_ADDON_PROGRESS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "events.h"

namespace paroattn {
namespace cuda {

class Progress {
 public:
  explicit Progress(EventPool& events) : events_(events) {}

  // The number of the command that was just enqueued; the first is 1.
  uint64_t count(const char* operator_name);
  uint64_t last() const noexcept { return last_; }

  // Lets it be known when the last command has run. Throws CudaError.
  void mark(cudaStream_t stream);
  // The last marked command that is known to have run.
  uint64_t finished();
  // From elsewhere: so many have run.
  void reached(uint64_t number);
  // Blocks until the next mark that has not been reached. False where there is none.
  bool wait_for_next();

  // Operators that may have been at fault when an error of the device shows: the last ones not known to have run.
  std::vector<const char*> suspects() const;

 private:
  struct Mark {
    uint64_t number;
    cudaEvent_t event;
  };
  struct Enqueued {
    uint64_t number;
    const char* operator_name;
  };
  EventPool& events_;
  uint64_t last_ = 0;
  uint64_t finished_ = 0;
  std::deque<Mark> marks_;
  std::deque<Enqueued> enqueued_;
};

// Whose failure it is, by what was seen where: "attention" where that is the only suspect.
struct Blame {
  std::string operator_name;
  std::string message;
};
Blame blame(const std::vector<const char*>& suspects, const char* seen_at, const std::string& error);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_PROGRESS_H_
