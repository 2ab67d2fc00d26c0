#include "memory_pool.h"

#include <algorithm>
#include <iterator>

#include "cuda_error.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr size_t kLeastBlock = 512;

// Size classes: eight steps between powers of two, so that at most an eighth of a block is unused. 0 where none fits.
size_t size_class(size_t bytes) {
  if (bytes <= kLeastBlock) return kLeastBlock;
  size_t power = kLeastBlock;
  while (power <= bytes / 2) power *= 2;
  const size_t step = power / 8;
  const size_t size = (bytes + step - 1) / step * step;
  return size < bytes ? 0 : size;
}

}  // namespace

OutOfMemory::OutOfMemory(size_t asked, size_t free, size_t limit)
    : message_("out of memory: asked for " + std::to_string(asked) + " bytes, " + std::to_string(free) +
               " bytes are free" + (limit == 0 ? "" : " under the limit of " + std::to_string(limit))) {}

void* MemoryPool::allocate(size_t bytes) {
  const size_t size = size_class(bytes);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (void* const kept = take(size)) return kept;
  }
  return obtain(size, bytes);
}

FencedBlock MemoryPool::allocate_fenced(TableKind kind, size_t bytes) {
  const size_t size = size_class(bytes);
  FencedBlock block;
  block.bytes = bytes;
  block.kind = kind;
  const Lease::Use use(*lease_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (take_fenced(size, block)) return block;
    block.fence = events_.take();
  }
  try {
    block.data = obtain(size, bytes);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.give(block.fence);
    throw;
  }
  return block;
}

// From the device.
void* MemoryPool::obtain(size_t size, size_t bytes) {
  void* pointer = allocate_on_device(size);
  if (pointer == nullptr) {
    trim();
    reaper_->finish();
    pointer = allocate_on_device(size);
  }
  if (pointer == nullptr) throw OutOfMemory(bytes, free_bytes(), limit_);
  const std::lock_guard<std::mutex> lock(mutex_);
  report_.in_use += size;
  report_.peak = std::max(report_.peak, report_.in_use + report_.kept);
  return pointer;
}

void* MemoryPool::take(size_t size) {
  const auto found = free_.find(size);
  if (found == free_.end()) return nullptr;
  void* const pointer = found->second;
  free_.erase(found);
  report_.kept -= size;
  report_.in_use += size;
  return pointer;
}

bool MemoryPool::take_fenced(size_t size, FencedBlock& block) {
  const auto [oldest, end] = free_tables_.equal_range({size, block.kind});
  if (oldest == end) return false;
  if (std::next(oldest) == end) {
    const cudaError_t error = cudaEventQuery(oldest->second.fence);
    if (error == cudaErrorNotReady) cudaGetLastError();
    if (error != cudaSuccess) return false;
  }
  const size_t bytes = block.bytes;
  block = oldest->second;
  block.bytes = bytes;
  free_tables_.erase(oldest);
  report_.kept -= size;
  report_.in_use += size;
  return true;
}

void* MemoryPool::allocate_on_device(size_t size) {
  const Lease::Use use(*lease_);
  if (!use.alive() || size == 0) return nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t held = report_.in_use + report_.kept;
    if (limit_ != 0 && (size > limit_ || held > limit_ - size)) return nullptr;
  }
  void* pointer = nullptr;
  const cudaError_t error = cudaMalloc(&pointer, size);
  if (error == cudaSuccess) return pointer;
  // Being out of memory is no state of the device; the next call must not report it.
  cudaGetLastError();
  if (error != cudaErrorMemoryAllocation) throw CudaError(error);
  return nullptr;
}

size_t MemoryPool::free_bytes() const {
  const Lease::Use use(*lease_);
  size_t free = 0;
  size_t total = 0;
  if (!use.alive() || cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
  if (limit_ == 0) return free;
  const MemoryReport held = report();
  return std::min(free, limit_ - std::min(limit_, held.in_use + held.kept));
}

void MemoryPool::release(void* pointer, size_t bytes) noexcept {
  if (pointer == nullptr) return;
  const size_t size = size_class(bytes);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    report_.in_use -= size;
    if (!closed_) {
      try {
        free_.emplace(size, pointer);
        report_.kept += size;
        return;
      } catch (...) {
        // No memory for the list: free the block instead.
      }
    }
  }
  reaper_->free_later(lease_, MemoryKind::kDevice, {pointer});
}

void MemoryPool::release_fenced(const FencedBlock& block, cudaStream_t reader) noexcept {
  const size_t size = size_class(block.bytes);
  const Lease::Use use(*lease_);
  const bool fenced = use.alive() && (reader == nullptr || cudaEventRecord(block.fence, reader) == cudaSuccess);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    report_.in_use -= size;
    try {
      if (fenced && !closed_) {
        free_tables_.emplace(std::make_pair(size, block.kind), block);
        report_.kept += size;
        return;
      }
      events_.give(block.fence);
    } catch (...) {
      // No memory for the list: free the block instead.
    }
  }
  reaper_->free_later(lease_, MemoryKind::kDevice, {block.data});
}

std::vector<void*> MemoryPool::take_kept() {
  std::vector<void*> blocks;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& block : free_) blocks.push_back(block.second);
  free_.clear();
  for (const auto& [key, block] : free_tables_) {
    blocks.push_back(block.data);
    events_.give(block.fence);
  }
  free_tables_.clear();
  report_.kept = 0;
  return blocks;
}

void MemoryPool::trim() noexcept {
  const Lease::Use use(*lease_);
  const std::vector<void*> blocks = take_kept();
  // A dead lease's memory went with its context.
  if (!use.alive()) return;
  for (void* const block : blocks) cudaFree(block);
}

void MemoryPool::close() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  reaper_->free_later(lease_, MemoryKind::kDevice, take_kept());
}

MemoryReport MemoryPool::report() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return report_;
}

}  // namespace cuda
}  // namespace paroattn
