// Weights as checkpoints hold them: f32, f16 or bf16.
#ifndef PAROATTN_COMMON_WEIGHT_H_
#define PAROATTN_COMMON_WEIGHT_H_

#include <cstddef>
#include <cstdint>

namespace paroattn {

enum class WeightType { kF32, kF16, kBf16 };

constexpr size_t bytes_of(WeightType type) noexcept { return type == WeightType::kF32 ? 4 : 2; }

// A dense array of weights; data is null where there is none.
struct Weight {
  const void* data = nullptr;
  WeightType type = WeightType::kF32;

  explicit operator bool() const noexcept { return data != nullptr; }

  // Without so many of the first; none stays none.
  Weight from(size_t first) const noexcept {
    if (data == nullptr) return *this;
    return {static_cast<const uint8_t*>(data) + first * bytes_of(type), type};
  }
};

// Writes `count` weights from `first` on to `output` as f32, on the calling thread. Exact.
void widen(const Weight& weight, size_t first, size_t count, float* output);

// The same over all threads.
void widen_parallel(const Weight& weight, size_t first, size_t count, float* output);

}  // namespace paroattn

#endif  // PAROATTN_COMMON_WEIGHT_H_
