// Page-locked host memory, which the device copies from and to without the processor.
#ifndef PAROATTN_CUDA_ADDON_HOST_MEMORY_H_
#define PAROATTN_CUDA_ADDON_HOST_MEMORY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "lease.h"
#include "reaper.h"

namespace paroattn {
namespace cuda {

struct HostBlock {
  void* data = nullptr;
  size_t bytes = 0;
};

// Blocks for copies in flight, kept for reuse. On the JavaScript thread only.
class HostPool {
 public:
  // Larger copies take several blocks.
  static constexpr size_t kMostOfBlock = size_t{16} << 20;

  explicit HostPool(std::shared_ptr<const Lease> lease) : lease_(std::move(lease)) {}
  ~HostPool();
  HostPool(const HostPool&) = delete;
  HostPool& operator=(const HostPool&) = delete;

  // A block of at least so many bytes. Throws CudaError.
  HostBlock take(size_t bytes);
  void give(HostBlock block);

 private:
  const std::shared_ptr<const Lease> lease_;
  const std::shared_ptr<Reaper> reaper_ = Reaper::shared();
  std::multimap<size_t, void*> free_;
  size_t kept_ = 0;
};

// Cancel flags in memory that the device sees: running kernels look at them. On the JavaScript thread only.
class FlagPool {
 public:
  explicit FlagPool(std::shared_ptr<const Lease> lease) : lease_(std::move(lease)) {}
  ~FlagPool();
  FlagPool(const FlagPool&) = delete;
  FlagPool& operator=(const FlagPool&) = delete;

  struct Flag {
    volatile int* host = nullptr;
    const int* device = nullptr;
  };
  // A flag that is 0. Throws CudaError.
  Flag take();
  // Once no command that knows the flag is left.
  void give(Flag flag) { free_.push_back(flag); }
  // Sets all of them, for good.
  void set_all() noexcept;

 private:
  struct Page {
    int* host;
    int* device;
  };
  const std::shared_ptr<const Lease> lease_;
  const std::shared_ptr<Reaper> reaper_ = Reaper::shared();
  std::vector<Page> pages_;
  std::vector<Flag> free_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_HOST_MEMORY_H_
