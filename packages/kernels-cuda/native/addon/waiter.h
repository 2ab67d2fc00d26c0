// The thread that waits for the device, so that JavaScript's need not.
#ifndef PAROATTN_CUDA_ADDON_WAITER_H_
#define PAROATTN_CUDA_ADDON_WAITER_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda_error.h"
#include "failure.h"
#include "lease.h"

namespace paroattn {
namespace cuda {

struct Ticket {
  cudaEvent_t event = nullptr;
  const char* operator_name = "";
  std::vector<const char*> suspects;  // see Progress
  // On the waiter's thread, in the order of the tickets: with null once the event has come to pass, or with the failure
  // that broke the device. Not called for tickets that are dropped.
  std::function<void(const FailurePtr&)> done;
};

class Waiter {
 public:
  explicit Waiter(std::shared_ptr<const Lease> lease) : lease_(std::move(lease)), thread_([this] { loop(); }) {}
  ~Waiter() { stop(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void push(Ticket ticket);
  // Ends the thread after the tickets so far; returns at once.
  void close();
  // Ends the thread after the one that it waits for.
  void stop();

 private:
  void loop();
  void serve(const Ticket& ticket);

  const std::shared_ptr<const Lease> lease_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Ticket> queue_;
  bool closing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_WAITER_H_
