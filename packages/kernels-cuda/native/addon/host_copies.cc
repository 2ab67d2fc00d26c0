#include "host_copies.h"

#include <algorithm>
#include <cstring>

namespace paroattn {
namespace cuda {
namespace {

constexpr size_t kMostInFlight = size_t{256} << 20;

}  // namespace

HostCopies::~HostCopies() {
  for (const BlockInFlight& one : blocks_) host_.give(one.block);
}

void HostCopies::copy(const void* data, size_t bytes, void* target, cudaStream_t stream) {
  for (size_t at = 0; at < bytes; at += HostPool::kMostOfBlock) {
    const size_t count = std::min(HostPool::kMostOfBlock, bytes - at);
    reclaim();
    // Blocks come back in the order of the stream; here JavaScript waits for the device.
    while (bytes_ + count > kMostInFlight && progress_.wait_for_next()) reclaim();
    const HostBlock block = host_.take(count);
    std::memcpy(block.data, static_cast<const char*>(data) + at, count);
    const cudaError_t error =
        cudaMemcpyAsync(static_cast<char*>(target) + at, block.data, count, cudaMemcpyHostToDevice, stream);
    blocks_.push_back({progress_.count(name_), block});
    bytes_ += block.bytes;
    check(error);
    progress_.mark(stream);
  }
}

void HostCopies::reclaim() {
  const uint64_t finished = progress_.finished();
  while (!blocks_.empty() && blocks_.front().number <= finished) {
    const HostBlock block = blocks_.front().block;
    blocks_.pop_front();
    bytes_ -= block.bytes;
    host_.give(block);
  }
}

}  // namespace cuda
}  // namespace paroattn
