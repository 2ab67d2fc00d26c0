#include "waiter.h"

#include <utility>

#include "progress.h"

namespace paroattn {
namespace cuda {

void Waiter::push(Ticket ticket) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_ || stopping_) return;
    queue_.push_back(std::move(ticket));
  }
  wake_.notify_one();
}

void Waiter::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
}

void Waiter::stop() {
  std::deque<Ticket> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Waiter::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !queue_.empty() || closing_ || stopping_; });
    if (stopping_ || queue_.empty()) break;
    {
      const Ticket ticket = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      serve(ticket);
      // What the ticket holds is let go outside the lock.
    }
    lock.lock();
  }
}

void Waiter::serve(const Ticket& ticket) {
  const Lease::Use use(*lease_);
  if (use.alive()) {
    const cudaError_t error = cudaEventSynchronize(ticket.event);
    if (error != cudaSuccess) {
      Blame found = blame(ticket.suspects, ticket.operator_name, describe(error));
      lease_->break_with(make_failure(std::move(found.operator_name), std::move(found.message)));
    }
  }
  ticket.done(lease_->broken());
}

}  // namespace cuda
}  // namespace paroattn
