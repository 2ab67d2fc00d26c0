// 64-byte aligned memory that is used again: fresh pages cost about as much as the copy that fills them.
#ifndef PAROATTN_ADDON_MEMORY_POOL_H_
#define PAROATTN_ADDON_MEMORY_POOL_H_

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>

#include "common/aligned_buffer.h"

namespace paroattn {

// Thread-safe: tensors are freed on whichever thread drops them last.
class MemoryPool {
 public:
  MemoryPool() = default;
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Returns nullptr where there is no memory. `bytes` may be 0.
  void* allocate(size_t bytes) noexcept;
  void release(void* pointer, size_t bytes) noexcept;
  // Gives unused memory back to the system.
  void trim() noexcept;

  // Bytes in use and kept.
  size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }
  bool keeps_memory() noexcept;

  // For kernels that want temporary memory; the pool must outlive them.
  Allocator allocator() noexcept;

 private:
  std::mutex mutex_;
  std::multimap<size_t, void*> free_;  // by size
  size_t kept_ = 0;
  std::atomic<size_t> held_{0};
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_MEMORY_POOL_H_
