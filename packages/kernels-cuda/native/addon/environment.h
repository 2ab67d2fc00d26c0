// What one JavaScript environment (the main thread or a worker) keeps.
#ifndef PAROATTN_CUDA_ADDON_ENVIRONMENT_H_
#define PAROATTN_CUDA_ADDON_ENVIRONMENT_H_

#include <napi.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "memory_pool.h"

namespace paroattn {
namespace cuda {

// Tells V8 how much memory hangs on handles, so that it collects forgotten ones in time.
class Environment {
 public:
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  void watch(const std::shared_ptr<MemoryPool>& pool) { pools_.push_back(pool); }

  // Cheap; called with every command.
  void report_memory(Napi::Env env) {
    int64_t held = 0;
    for (size_t i = 0; i < pools_.size();) {
      if (const auto pool = pools_[i].lock()) {
        held += static_cast<int64_t>(pool->report().in_use);
        ++i;
      } else {
        pools_.erase(pools_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    const int64_t change = held - reported_;
    if (change > kStep || change < -kStep) {
      Napi::MemoryManagement::AdjustExternalMemory(env, change);
      reported_ = held;
    }
  }

 private:
  static constexpr int64_t kStep = 1 << 20;

  std::vector<std::weak_ptr<MemoryPool>> pools_;
  int64_t reported_ = 0;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_ENVIRONMENT_H_
