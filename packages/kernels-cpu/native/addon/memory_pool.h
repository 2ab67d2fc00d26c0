// 64-byte aligned memory that is used again: fresh pages cost more than the copy that fills them.
#ifndef PAROATTN_ADDON_MEMORY_POOL_H_
#define PAROATTN_ADDON_MEMORY_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "common/aligned_buffer.h"

namespace paroattn {

// Thread-safe: tensors are dropped on whichever thread uses them last. That may be JavaScript's, so a release gives no pages
// back to the system, which takes tens of milliseconds a gigabyte: the stream's thread does, between its commands.
//
// Beyond what every pool may keep, what is used and what is kept together never exceed what was used at once.
class MemoryPool {
 public:
  // `on_unused` is called where a release leaves something to do for the thread that gives memory back: it left more than is
  // to be kept, or the first that is kept at all. It must not call the pool.
  explicit MemoryPool(std::function<void()> on_unused) : on_unused_(std::move(on_unused)) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Returns nullptr where there is no memory. `bytes` may be 0.
  void* allocate(size_t bytes) noexcept;
  void release(void* pointer, size_t bytes) noexcept;

  bool keeps_memory() const noexcept { return kept_ > 0; }
  // More lies unused than is to be kept.
  bool has_surplus() const noexcept { return kept_ > kMostKept; }
  // Gives the surplus, or all that is unused, back to the system.
  void trim_surplus() noexcept { trim_to(kMostKept); }
  void trim() noexcept;
  // Keeps nothing any more: releases give back at once. For when nobody is left to trim.
  void retire() noexcept;

  // Bytes in use and kept.
  size_t held() const noexcept { return held_; }

  // For kernels that want temporary memory; the pool must outlive them.
  Allocator allocator() noexcept;

 private:
  static constexpr size_t kMostKept = size_t{2} << 30;
  // A model whose operators take turns with blocks of many sizes would map them anew all the time if it could keep only what
  // it uses at once.
  static constexpr size_t kAlwaysKept = size_t{512} << 20;

  struct Block {
    void* pointer;
    uint64_t age;
  };
  using Unused = std::multimap<size_t, Block>;  // by size

  void* take_unused(size_t size) noexcept;
  void make_room(size_t size) noexcept;
  bool keep(void* pointer, size_t size) noexcept;
  void trim_to(size_t most) noexcept;
  // These two with the mutex locked. What is popped is held no more, but still to be given back.
  std::pair<size_t, void*> pop_oldest() noexcept;
  void count_used() noexcept;

  std::mutex mutex_;
  std::function<void()> on_unused_;
  bool retired_ = false;
  Unused unused_;
  std::map<uint64_t, Unused::iterator> ages_;  // the oldest first
  uint64_t next_age_ = 0;
  size_t most_used_ = 0;  // at once, since all was trimmed
  // Changed with the mutex locked, read without.
  std::atomic<size_t> kept_{0};
  std::atomic<size_t> held_{0};
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_MEMORY_POOL_H_
