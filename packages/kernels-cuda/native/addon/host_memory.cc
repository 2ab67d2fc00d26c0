#include "host_memory.h"

#include <algorithm>
#include <cstring>

#include "cuda_error.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr size_t kLeastHostBlock = 64 << 10;
// Page-locked memory is taken from everybody else on the machine.
constexpr size_t kMostKept = size_t{256} << 20;
constexpr size_t kFlagsOfPage = 1024;

size_t rounded(size_t bytes) {
  size_t size = kLeastHostBlock;
  while (size < bytes && size < (size_t{1} << 20)) size *= 2;
  if (size >= bytes) return size;
  const size_t step = size_t{1} << 20;
  return (bytes + step - 1) / step * step;
}

}  // namespace

HostPool::~HostPool() {
  std::vector<void*> blocks;
  for (const auto& block : free_) blocks.push_back(block.second);
  reaper_->free_later(lease_, MemoryKind::kHost, std::move(blocks));
}

HostBlock HostPool::take(size_t bytes) {
  const size_t size = rounded(bytes);
  const auto found = free_.find(size);
  if (found != free_.end()) {
    const HostBlock block{found->second, size};
    free_.erase(found);
    kept_ -= size;
    return block;
  }
  const Lease::Use use(*lease_);
  HostBlock block{nullptr, size};
  const cudaError_t error = cudaHostAlloc(&block.data, size, cudaHostAllocPortable);
  if (error != cudaSuccess) {
    cudaGetLastError();
    throw CudaError(error);
  }
  return block;
}

void HostPool::give(HostBlock block) {
  if (block.data == nullptr) return;
  if (kept_ + block.bytes > kMostKept) return reaper_->free_later(lease_, MemoryKind::kHost, {block.data});
  free_.emplace(block.bytes, block.data);
  kept_ += block.bytes;
}

FlagPool::~FlagPool() {
  std::vector<void*> blocks;
  for (const Page& page : pages_) blocks.push_back(page.host);
  reaper_->free_later(lease_, MemoryKind::kHost, std::move(blocks));
}

FlagPool::Flag FlagPool::take() {
  if (free_.empty()) {
    const Lease::Use use(*lease_);
    Page page{};
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, kFlagsOfPage * sizeof(int), cudaHostAllocPortable | cudaHostAllocMapped));
    page.host = static_cast<int*>(memory);
    std::memset(page.host, 0, kFlagsOfPage * sizeof(int));
    void* device = nullptr;
    check(cudaHostGetDevicePointer(&device, memory, 0));
    page.device = static_cast<int*>(device);
    pages_.push_back(page);
    for (size_t i = kFlagsOfPage; i-- > 0;) free_.push_back({page.host + i, page.device + i});
  }
  const Flag flag = free_.back();
  free_.pop_back();
  *flag.host = 0;
  return flag;
}

void FlagPool::set_all() noexcept {
  const Lease::Use use(*lease_);
  if (!use.alive()) return;
  for (const Page& page : pages_) std::fill_n(page.host, kFlagsOfPage, 1);
}

}  // namespace cuda
}  // namespace paroattn
