#include "memory_pool.h"

#include <algorithm>
#include <cstdlib>

#include "pages.h"

namespace paroattn {
namespace {

constexpr size_t kAlignment = 64;
// Small allocations are malloc's own business.
constexpr size_t kLeastPooled = 64 << 10;
constexpr size_t kPage = 4096;

size_t rounded(size_t bytes) noexcept {
  const size_t multiple = bytes >= kLeastPooled ? kPage : kAlignment;
  return bytes == 0 ? multiple : (bytes + multiple - 1) / multiple * multiple;
}

void* take(size_t size) noexcept {
  return size >= kLeastPooled ? map_pages(size) : std::aligned_alloc(kAlignment, size);
}

void give_back(void* pointer, size_t size) noexcept {
  size >= kLeastPooled ? unmap_pages(pointer, size) : std::free(pointer);
}

}  // namespace

MemoryPool::~MemoryPool() { trim(); }

void* MemoryPool::allocate(size_t bytes) noexcept {
  const size_t size = rounded(bytes);
  if (size < bytes) return nullptr;
  if (size >= kLeastPooled) {
    if (void* const pointer = take_unused(size)) return pointer;
    make_room(size);
  }
  void* pointer = take(size);
  if (pointer == nullptr) {
    trim();
    pointer = take(size);
  }
  if (pointer == nullptr) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ += size;
  count_used();
  return pointer;
}

void MemoryPool::release(void* pointer, size_t bytes) noexcept {
  if (pointer == nullptr) return;
  const size_t size = rounded(bytes);
  if (size >= kLeastPooled && keep(pointer, size)) return;
  give_back(pointer, size);
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ -= size;
}

void MemoryPool::trim() noexcept {
  trim_to(0);
  const std::lock_guard<std::mutex> lock(mutex_);
  most_used_ = 0;
  count_used();
}

void MemoryPool::retire() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    retired_ = true;
    on_unused_ = nullptr;
  }
  trim();
}

// Sizes must match, so that what is held is what was asked for; a model asks for the same ones again and again.
void* MemoryPool::take_unused(size_t size) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = unused_.find(size);
  if (found == unused_.end()) return nullptr;
  void* const pointer = found->second.pointer;
  ages_.erase(found->second.age);
  unused_.erase(found);
  kept_ -= size;
  count_used();
  return pointer;
}

// What is to be allocated may not come on top of much that is kept of other sizes.
void MemoryPool::make_room(size_t size) noexcept {
  while (true) {
    std::pair<size_t, void*> block;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const size_t most = std::max(most_used_, held_ - kept_ + size);
      if (kept_ <= kAlwaysKept || held_ + size <= most) return;
      block = pop_oldest();
    }
    give_back(block.second, block.first);
  }
}

bool MemoryPool::keep(void* pointer, size_t size) noexcept {
#ifdef PAROATTN_NO_POOL
  static_cast<void>(pointer);
  static_cast<void>(size);
  return false;
#else
  const std::lock_guard<std::mutex> lock(mutex_);
  if (retired_) return false;
  try {
    const auto entry = unused_.emplace(size, Block{pointer, next_age_});
    try {
      ages_.emplace(next_age_, entry);
    } catch (...) {
      unused_.erase(entry);
      throw;
    }
  } catch (...) {
    return false;  // no memory for the lists
  }
  ++next_age_;
  const bool first = kept_ == 0;
  kept_ += size;
  if (on_unused_ && (first || has_surplus())) on_unused_();
  return true;
#endif
}

void MemoryPool::trim_to(size_t most) noexcept {
  while (true) {
    std::pair<size_t, void*> block;
    {
      // One at a time: who wants the lock does not wait for the system.
      const std::lock_guard<std::mutex> lock(mutex_);
      if (kept_ <= most) return;
      block = pop_oldest();
    }
    give_back(block.second, block.first);
  }
}

std::pair<size_t, void*> MemoryPool::pop_oldest() noexcept {
  const auto oldest = ages_.begin();
  const Unused::iterator entry = oldest->second;
  const std::pair<size_t, void*> block = {entry->first, entry->second.pointer};
  unused_.erase(entry);
  ages_.erase(oldest);
  kept_ -= block.first;
  held_ -= block.first;
  return block;
}

void MemoryPool::count_used() noexcept { most_used_ = std::max<size_t>(most_used_, held_ - kept_); }

Allocator MemoryPool::allocator() noexcept {
  return {[](size_t bytes, void* context) { return static_cast<MemoryPool*>(context)->allocate(bytes); },
          [](void* pointer, size_t bytes, void* context) { static_cast<MemoryPool*>(context)->release(pointer, bytes); },
          this};
}

}  // namespace paroattn
