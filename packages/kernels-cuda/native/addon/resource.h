// What commands make and use: device memory, attention operands, masks. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_RESOURCE_H_
#define PAROATTN_CUDA_ADDON_RESOURCE_H_

#include <memory>
#include <utility>

#include "cancellation.h"
#include "failure.h"
#include "memory_pool.h"

namespace paroattn {
namespace cuda {

// Made by one command, used by later ones.
struct Resource {
  virtual ~Resource() = default;
  // Before the command that makes it is enqueued. Throws OutOfMemory.
  virtual void allocate() {}
  // Where that command failed: frees what it holds.
  virtual void discard() noexcept {}

  FailurePtr failed() const { return failure ? failure : dependencies.failure(); }

  FailurePtr failure;  // known at the call
  Dependencies dependencies;
};
using ResourcePtr = std::shared_ptr<Resource>;

// Dense memory of a size that is known at the call.
class Buffer final : public Resource {
 public:
  Buffer(std::shared_ptr<MemoryPool> pool, size_t bytes) : pool_(std::move(pool)), bytes_(bytes) {}

  void allocate() override { memory_ = DeviceMemory(pool_, bytes_); }
  void discard() noexcept override { memory_.reset(); }

  size_t bytes() const noexcept { return bytes_; }
  void* data() const noexcept { return memory_.data(); }
  template <class T>
  T* as() const noexcept {
    return memory_.as<T>();
  }

 private:
  std::shared_ptr<MemoryPool> pool_;
  size_t bytes_;
  DeviceMemory memory_;
};
using BufferPtr = std::shared_ptr<Buffer>;

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_RESOURCE_H_
