// What commands make and use: device memory, and later operands and masks.
#ifndef PAROATTN_ADDON_RESOURCE_H_
#define PAROATTN_ADDON_RESOURCE_H_

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "memory_pool.h"

namespace paroattn {

// Why a command failed; what depends on it fails with the same one.
struct Failure {
  std::string operator_name;
  std::string message;
  // The view whose cancellation stopped the command; 0 where it failed by itself.
  uint64_t cancelled_by = 0;
};
using FailurePtr = std::shared_ptr<const Failure>;

// Made by one command, used by later ones. Its state is touched on the stream's thread only.
struct Resource {
  virtual ~Resource() = default;
  // Called when the command that makes it begins. Throws std::bad_alloc.
  virtual void allocate() {}
  // Called where that command failed: frees what it holds.
  virtual void discard() noexcept {}

  FailurePtr failure;
};
using ResourcePtr = std::shared_ptr<Resource>;

// Dense memory of a size that is known when the command is issued.
class Buffer final : public Resource {
 public:
  Buffer(std::shared_ptr<MemoryPool> pool, size_t bytes) : pool_(std::move(pool)), bytes_(bytes) {}
  ~Buffer() override { discard(); }

  void allocate() override {
    data_ = pool_->allocate(bytes_);
    if (data_ == nullptr) throw std::bad_alloc();
  }
  void discard() noexcept override {
    pool_->release(data_, bytes_);
    data_ = nullptr;
  }

  size_t bytes() const noexcept { return bytes_; }
  void* data() const noexcept { return data_; }
  float* floats() const noexcept { return static_cast<float*>(data_); }

 private:
  std::shared_ptr<MemoryPool> pool_;
  size_t bytes_;
  void* data_ = nullptr;
};
using BufferPtr = std::shared_ptr<Buffer>;

}  // namespace paroattn

#endif  // PAROATTN_ADDON_RESOURCE_H_
