// Device memory in stream order: a block that is released may be given out again at once, because whoever gets it
// enqueues behind the commands that still use it. One stream, one pool. Tables that a second stream fills are apart.
#ifndef PAROATTN_CUDA_ADDON_MEMORY_POOL_H_
#define PAROATTN_CUDA_ADDON_MEMORY_POOL_H_

#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "events.h"
#include "lease.h"
#include "reaper.h"

namespace paroattn {
namespace cuda {

class OutOfMemory final : public std::exception {
 public:
  OutOfMemory(size_t asked, size_t free, size_t limit);
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

// Bytes, rounded up to size classes as they are held.
struct MemoryReport {
  size_t in_use = 0;
  size_t kept = 0;  // for reuse
  size_t peak = 0;  // the most of both together
};

// What tables hold that a second stream fills (prefetch.h). Blocks are kept for the same again, so that each kind has a
// double buffer of its own even where both are of one size.
enum class TableKind { kMaskWords, kWorkItems };

// A block for a table, with an event: whoever takes the block waits for it first.
struct FencedBlock {
  void* data = nullptr;
  size_t bytes = 0;
  TableKind kind = TableKind::kMaskWords;
  cudaEvent_t fence = nullptr;
};

class MemoryPool {
 public:
  // `limit`: of bytes in use and kept; 0: the device's own.
  MemoryPool(std::shared_ptr<const Lease> lease, size_t limit)
      : lease_(std::move(lease)), limit_(limit), events_(lease_, cudaEventDisableTiming) {}
  ~MemoryPool() { close(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // 256-byte aligned. Gives kept blocks back to the device before it throws OutOfMemory; throws CudaError where the
  // device is broken. `bytes` may be 0.
  void* allocate(size_t bytes);
  void release(void* pointer, size_t bytes) noexcept;

  // The same for tables, outside of the stream's order: a block comes fresh from the device, or from an earlier table of
  // the kind. Where none of these is done with, two of them take turns: the older one's fence is yet to come to pass.
  FencedBlock allocate_fenced(TableKind kind, size_t bytes);
  // Whoever gets the block next waits for what is enqueued by now on the stream that read it; null: no stream did.
  void release_fenced(const FencedBlock& block, cudaStream_t reader) noexcept;

  // Frees what is kept; waits for the device.
  void trim() noexcept;
  // Frees what is kept, and from now on what is released, without waiting. For a stream that has run dry.
  void close() noexcept;

  MemoryReport report() const;

 private:
  void* take(size_t size);
  bool take_fenced(size_t size, FencedBlock& block);
  void* obtain(size_t size, size_t bytes);
  std::vector<void*> take_kept();
  void* allocate_on_device(size_t size);
  size_t free_bytes() const;

  const std::shared_ptr<const Lease> lease_;
  const std::shared_ptr<Reaper> reaper_ = Reaper::shared();
  const size_t limit_;
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> free_;  // by size
  // By size and kind; within these, in the order in which they were released.
  std::multimap<std::pair<size_t, TableKind>, FencedBlock> free_tables_;
  EventPool events_;
  MemoryReport report_;
  bool closed_ = false;
};

// One block, released with its owner.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(std::shared_ptr<MemoryPool> pool, size_t bytes) : pool_(std::move(pool)), bytes_(bytes) {
    data_ = pool_->allocate(bytes_);
  }
  ~DeviceMemory() { reset(); }
  DeviceMemory(DeviceMemory&& other) noexcept { *this = std::move(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void reset() noexcept {
    if (data_ != nullptr) pool_->release(data_, bytes_);
    data_ = nullptr;
  }
  void* data() const noexcept { return data_; }
  size_t bytes() const noexcept { return bytes_; }
  template <class T>
  T* as(size_t byte_offset = 0) const noexcept {
    return reinterpret_cast<T*>(static_cast<char*>(data_) + byte_offset);
  }

 private:
  std::shared_ptr<MemoryPool> pool_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_MEMORY_POOL_H_
