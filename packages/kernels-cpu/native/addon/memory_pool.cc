#include "memory_pool.h"

#include <cstdlib>

namespace paroattn {
namespace {

constexpr size_t kAlignment = 64;
// Small allocations are malloc's own business.
constexpr size_t kLeastPooled = 64 << 10;
// What lies unused while the stream works; an idle stream trims it all.
constexpr size_t kMostKept = size_t{512} << 20;

size_t rounded(size_t bytes) noexcept {
  const size_t multiple = bytes >= kLeastPooled ? 4096 : kAlignment;
  return bytes == 0 ? multiple : (bytes + multiple - 1) / multiple * multiple;
}

}  // namespace

MemoryPool::~MemoryPool() { trim(); }

void* MemoryPool::allocate(size_t bytes) noexcept {
  const size_t size = rounded(bytes);
  if (size < bytes) return nullptr;
#ifndef PAROATTN_NO_POOL
  if (size >= kLeastPooled) {
    // Sizes must match, so that what is held is what was asked for; a model asks for the same ones again and again.
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = free_.find(size);
    if (found != free_.end()) {
      void* const pointer = found->second;
      free_.erase(found);
      kept_ -= size;
      return pointer;
    }
  }
#endif
  void* pointer = std::aligned_alloc(kAlignment, size);
  if (pointer == nullptr) {
    trim();
    pointer = std::aligned_alloc(kAlignment, size);
  }
  if (pointer != nullptr) held_.fetch_add(size, std::memory_order_relaxed);
  return pointer;
}

void MemoryPool::release(void* pointer, size_t bytes) noexcept {
  if (pointer == nullptr) return;
  const size_t size = rounded(bytes);
#ifndef PAROATTN_NO_POOL
  if (size >= kLeastPooled) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (kept_ + size <= kMostKept) {
      try {
        free_.emplace(size, pointer);
        kept_ += size;
        return;
      } catch (...) {
        // No memory for the list: free the block instead.
      }
    }
  }
#endif
  std::free(pointer);
  held_.fetch_sub(size, std::memory_order_relaxed);
}

void MemoryPool::trim() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& block : free_) std::free(block.second);
  held_.fetch_sub(kept_, std::memory_order_relaxed);
  free_.clear();
  kept_ = 0;
}

bool MemoryPool::keeps_memory() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return kept_ > 0;
}

Allocator MemoryPool::allocator() noexcept {
  return {[](size_t bytes, void* context) { return static_cast<MemoryPool*>(context)->allocate(bytes); },
          [](void* pointer, size_t bytes, void* context) { static_cast<MemoryPool*>(context)->release(pointer, bytes); },
          this};
}

}  // namespace paroattn
