#include "reaper.h"

#include <utility>

#include "common/device.h"

namespace paroattn {
namespace cuda {

std::shared_ptr<Reaper> Reaper::shared() {
  // Never destroyed: the last pools may go after main().
  struct Known {
    std::mutex mutex;
    std::weak_ptr<Reaper> reaper;
  };
  static auto& known = *new Known;
  const std::lock_guard<std::mutex> lock(known.mutex);
  std::shared_ptr<Reaper> reaper = known.reaper.lock();
  if (reaper == nullptr) {
    reaper = std::make_shared<Reaper>();
    known.reaper = reaper;
  }
  return reaper;
}

Reaper::~Reaper() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Reaper::free_later(std::shared_ptr<const Lease> lease, MemoryKind kind, std::vector<void*> blocks) noexcept {
  if (blocks.empty()) return;
  Doomed doomed{std::move(lease), kind, std::move(blocks)};
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    queue_.push_back(std::move(doomed));
  } catch (...) {
    // No thread or no memory for it: whoever frees waits.
    free_now(doomed);
    return;
  }
  wake_.notify_one();
}

void Reaper::finish() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

void Reaper::free_now(const Doomed& doomed) {
  const Lease::Use use(*doomed.lease);
  if (!use.alive()) return;
  for (void* const block : doomed.blocks) {
    if (doomed.kind == MemoryKind::kDevice) {
      cudaFree(block);
    } else {
      cudaFreeHost(block);
    }
  }
}

void Reaper::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !queue_.empty() || stopping_; });
    if (queue_.empty()) return;
    {
      const Doomed doomed = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      lock.unlock();
      free_now(doomed);
    }
    lock.lock();
    busy_ = false;
    if (queue_.empty()) idle_.notify_all();
  }
}

}  // namespace cuda
}  // namespace paroattn
