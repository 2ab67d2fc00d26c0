#include "reaper.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "common/device.h"

namespace paroattn {
namespace cuda {
namespace {

struct Doomed {
  std::shared_ptr<const Lease> lease;
  MemoryKind kind;
  std::vector<void*> blocks;
};

void free_now(const Doomed& doomed) {
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

// One a process, started with the first block.
class Reaper {
 public:
  ~Reaper() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void take(Doomed doomed) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      queue_.push_back(std::move(doomed));
      if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    }
    wake_.notify_one();
  }

  void finish() {
    std::unique_lock<std::mutex> lock(mutex_);
    idle_.wait(lock, [this] { return (queue_.empty() && !busy_) || !thread_.joinable(); });
  }

 private:
  void loop() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return !queue_.empty() || stopping_; });
      // A process that ends gives everything back by itself.
      if (stopping_) return;
      const Doomed doomed = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
      lock.unlock();
      free_now(doomed);
      lock.lock();
      busy_ = false;
      if (queue_.empty()) idle_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Doomed> queue_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Reaper& reaper() {
  static Reaper one;
  return one;
}

}  // namespace

void free_later(std::shared_ptr<const Lease> lease, MemoryKind kind, std::vector<void*> blocks) noexcept {
  if (blocks.empty()) return;
  try {
    reaper().take({std::move(lease), kind, std::move(blocks)});
  } catch (...) {
    // No memory or no thread for it: the process keeps the blocks.
  }
}

void finish_freeing() noexcept { reaper().finish(); }

}  // namespace cuda
}  // namespace paroattn
