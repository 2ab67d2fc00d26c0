// Uninitialised 64-byte aligned memory, from the caller's allocator if it has one.
#ifndef PAROATTN_ATTENTION_ALIGNED_BUFFER_H_
#define PAROATTN_ATTENTION_ALIGNED_BUFFER_H_

#include <cstddef>
#include <new>
#include <utility>

#include "attention.h"

namespace paroattn {
namespace attention {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t bytes, const Allocator& allocator = {}) : allocator_(allocator), bytes_(bytes) {
    if (bytes_ == 0) bytes_ = 1;
    data_ = allocator_.allocate ? allocator_.allocate(bytes_, allocator_.context)
                                : ::operator new(bytes_, std::align_val_t{64});
    if (data_ == nullptr) throw std::bad_alloc();
  }
  ~AlignedBuffer() {
    if (data_ == nullptr) return;
    if (allocator_.allocate == nullptr) {
      ::operator delete(data_, std::align_val_t{64});
    } else if (allocator_.release != nullptr) {
      allocator_.release(data_, bytes_, allocator_.context);
    }
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept { *this = std::move(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(allocator_, other.allocator_);
    std::swap(bytes_, other.bytes_);
    std::swap(data_, other.data_);
    return *this;
  }

  float* floats() const noexcept { return static_cast<float*>(data_); }
  size_t bytes() const noexcept { return bytes_; }

 private:
  Allocator allocator_;
  size_t bytes_ = 0;
  void* data_ = nullptr;
};

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_ALIGNED_BUFFER_H_
