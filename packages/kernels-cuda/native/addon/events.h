// CUDA events, used again and again. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_EVENTS_H_
#define PAROATTN_CUDA_ADDON_EVENTS_H_

#include <memory>
#include <utility>
#include <vector>

#include "cuda_error.h"
#include "lease.h"

namespace paroattn {
namespace cuda {

class EventPool {
 public:
  // `flags` of cudaEventCreateWithFlags.
  EventPool(std::shared_ptr<const Lease> lease, unsigned flags) : lease_(std::move(lease)), flags_(flags) {}
  ~EventPool() {
    const Lease::Use use(*lease_);
    if (!use.alive()) return;
    for (const cudaEvent_t event : all_) cudaEventDestroy(event);
  }
  EventPool(const EventPool&) = delete;
  EventPool& operator=(const EventPool&) = delete;

  cudaEvent_t take() {
    if (free_.empty()) {
      cudaEvent_t event = nullptr;
      check(cudaEventCreateWithFlags(&event, flags_));
      all_.push_back(event);
      return event;
    }
    const cudaEvent_t event = free_.back();
    free_.pop_back();
    return event;
  }
  void give(cudaEvent_t event) { free_.push_back(event); }

 private:
  const std::shared_ptr<const Lease> lease_;
  const unsigned flags_;
  std::vector<cudaEvent_t> all_;
  std::vector<cudaEvent_t> free_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_EVENTS_H_
