// Uninitialised 64-byte aligned memory for the length of one call.
#ifndef PAROATTN_COMMON_SCRATCH_H_
#define PAROATTN_COMMON_SCRATCH_H_

#include <cstddef>
#include <new>

namespace paroattn {

// Where temporary memory comes from: `allocate` returns 64-byte aligned memory or nullptr.
struct ScratchSource {
  void* (*allocate)(size_t bytes, void* context) = nullptr;
  void (*release)(void* pointer, size_t bytes, void* context) = nullptr;
  void* context = nullptr;
};

class Scratch {
 public:
  Scratch() = default;
  Scratch(const ScratchSource& source, size_t bytes) : source_(source), bytes_(bytes) {
    data_ = source.allocate(bytes, source.context);
    if (data_ == nullptr) throw std::bad_alloc();
  }
  ~Scratch() {
    if (data_ != nullptr) source_.release(data_, bytes_, source_.context);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const noexcept { return data_; }
  float* floats() const noexcept { return static_cast<float*>(data_); }

 private:
  ScratchSource source_;
  size_t bytes_ = 0;
  void* data_ = nullptr;
};

}  // namespace paroattn

#endif  // PAROATTN_COMMON_SCRATCH_H_
