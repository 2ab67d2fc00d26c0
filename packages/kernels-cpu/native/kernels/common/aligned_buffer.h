// Uninitialised 64-byte aligned memory, from the caller's allocator if it has one.
#ifndef PAROATTN_COMMON_ALIGNED_BUFFER_H_
#define PAROATTN_COMMON_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace paroattn {

// Where memory comes from: `allocate` returns 64-byte aligned memory or nullptr (then std::bad_alloc is thrown).
// Default: aligned operator new.
struct Allocator {
  void* (*allocate)(size_t bytes, void* context) = nullptr;
  void (*release)(void* pointer, size_t bytes, void* context) = nullptr;
  void* context = nullptr;
};

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t bytes, const Allocator& allocator = {}) : allocator_(allocator), bytes_(bytes) {
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

  void* data() const noexcept { return data_; }
  float* floats() const noexcept { return static_cast<float*>(data_); }
  uint32_t* words() const noexcept { return static_cast<uint32_t*>(data_); }
  size_t bytes() const noexcept { return bytes_; }

 private:
  Allocator allocator_;
  size_t bytes_ = 0;
  void* data_ = nullptr;
};

}  // namespace paroattn

#endif  // PAROATTN_COMMON_ALIGNED_BUFFER_H_
