// Gives memory back to the device on a thread of its own: the runtime makes whoever frees memory wait for all that runs
// on the device, other backends' commands too.
#ifndef PAROATTN_CUDA_ADDON_REAPER_H_
#define PAROATTN_CUDA_ADDON_REAPER_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "lease.h"

namespace paroattn {
namespace cuda {

enum class MemoryKind { kDevice, kHost };

class Reaper {
 public:
  // The one of all pools that live now. With the last of them it goes, when everything has been freed; so its thread
  // never outlives the addon's code, which Node unloads with the last worker that uses it.
  static std::shared_ptr<Reaper> shared();

  Reaper() = default;
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Frees them soon; returns at once. Memory of a dead lease went with its context.
  void free_later(std::shared_ptr<const Lease> lease, MemoryKind kind, std::vector<void*> blocks) noexcept;

  // Waits until all of them have been freed: for who is out of memory.
  void finish() noexcept;

 private:
  struct Doomed {
    std::shared_ptr<const Lease> lease;
    MemoryKind kind;
    std::vector<void*> blocks;
  };

  static void free_now(const Doomed& doomed);
  void loop();

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_, idle_;
  std::deque<Doomed> queue_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;  // started with the first block
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_REAPER_H_
