#include "lease.h"

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "common/device.h"

namespace paroattn {
namespace cuda {
namespace {

// Leases nest on one thread and one device at a time; std::shared_mutex must not be locked twice by a thread.
thread_local int uses_of_this_thread = 0;

}  // namespace

// What the process keeps of one device. The generation changes with each reset.
class Context {
 public:
  static Context& of(int device) {
    static std::mutex mutex;
    static std::map<int, Context> contexts;
    const std::lock_guard<std::mutex> lock(mutex);
    return contexts[device];
  }

  uint64_t enter(int device) {
    {
      // The others may be waiting for their commands; only a reset has to wait for them, and then they do not wait long.
      const std::shared_lock<std::shared_mutex> lock(uses);
      if (!broken) return generation;
    }
    const std::unique_lock<std::shared_mutex> lock(uses);
    if (broken) {
      cudaSetDevice(device);
      cudaDeviceReset();
      // What the reset itself reports shows again at the first use.
      cudaGetLastError();
      ++generation;
      broken = false;
    }
    return generation;
  }

  std::shared_mutex uses;
  uint64_t generation = 1;  // written under the exclusive lock of `uses`
  std::atomic<bool> broken{false};
  std::mutex failures_mutex;
  std::map<uint64_t, FailurePtr> failures;  // by generation
};

Lease::Lease(int device) : device_(device), context_(Context::of(device)), generation_(context_.enter(device)) {}

void Lease::break_with(const FailurePtr& failure) const {
  if (context_.generation != generation_) return;
  {
    const std::lock_guard<std::mutex> lock(context_.failures_mutex);
    context_.failures.emplace(generation_, failure);
  }
  context_.broken = true;
}

FailurePtr Lease::broken() const {
  const std::lock_guard<std::mutex> lock(context_.failures_mutex);
  const auto found = context_.failures.find(generation_);
  return found == context_.failures.end() ? nullptr : found->second;
}

Lease::Use::Use(const Lease& lease) : context_(lease.context_) {
  if (uses_of_this_thread++ == 0) {
    context_.uses.lock_shared();
    cudaSetDevice(lease.device_);
  }
  alive_ = context_.generation == lease.generation_ && !context_.broken;
}

Lease::Use::~Use() {
  if (--uses_of_this_thread == 0) context_.uses.unlock_shared();
}

}  // namespace cuda
}  // namespace paroattn
