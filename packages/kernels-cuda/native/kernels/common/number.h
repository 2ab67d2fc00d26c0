// Conversions between float and the 16-bit types, the same on the device and on the host: to nearest, ties to even;
// subnormals are kept, what lies beyond the largest number becomes infinity, a NaN becomes 0x7fff.
#ifndef PAROATTN_CUDA_COMMON_NUMBER_H_
#define PAROATTN_CUDA_COMMON_NUMBER_H_

#include <cstdint>
#include <cstring>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

struct BFloat16 {
  uint16_t bits;
};
struct Half {
  uint16_t bits;
};

// The type an element is stored as, and back.
template <Element kElement>
struct NumberOf;
template <>
struct NumberOf<Element::kF32> {
  using Type = float;
};
template <>
struct NumberOf<Element::kF16> {
  using Type = Half;
};
template <>
struct NumberOf<Element::kBF16> {
  using Type = BFloat16;
};
template <Element kElement>
using Number = typename NumberOf<kElement>::Type;

template <class T>
constexpr Element kElementOf = Element::kF32;
template <>
constexpr Element kElementOf<Half> = Element::kF16;
template <>
constexpr Element kElementOf<BFloat16> = Element::kBF16;

namespace bits {

__host__ __device__ __forceinline__ uint32_t of_float(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  uint32_t out;
  std::memcpy(&out, &value, sizeof out);
  return out;
#endif
}

__host__ __device__ __forceinline__ float to_float(uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
#endif
}

__host__ __device__ __forceinline__ uint16_t bfloat16_from(float value) {
#if defined(__CUDA_ARCH__)
  uint16_t out;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out) : "f"(value));
  return out;
#else
  const uint32_t word = of_float(value);
  if ((word & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<uint16_t>((word + 0x7fffu + (word >> 16 & 1u)) >> 16);
#endif
}

__host__ __device__ __forceinline__ uint16_t half_from(float value) {
#if defined(__CUDA_ARCH__)
  uint16_t out;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out) : "f"(value));
  return out;
#else
  const uint32_t word = of_float(value);
  const uint32_t sign = word >> 16 & 0x8000u;
  const uint32_t magnitude = word & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fff;
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 and beyond
  if (magnitude < 0x38800000u) {
    // Subnormal: added to 0.5, whose last bit is 2^-24, the number is rounded in place.
    return static_cast<uint16_t>(sign | (of_float(to_float(magnitude) + 0.5f) - 0x3f000000u));
  }
  return static_cast<uint16_t>(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
#endif
}

__host__ __device__ __forceinline__ float from_half(uint16_t half) {
#if defined(__CUDA_ARCH__)
  float out;
  asm("cvt.f32.f16 %0, %1;" : "=f"(out) : "h"(half));
  return out;
#else
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fffu) << 13;
  if (magnitude >= 0x0f800000u) return to_float(sign | magnitude | 0x7f800000u);
  return to_float(sign | of_float(to_float(magnitude) * 0x1p112f));
#endif
}

}  // namespace bits

__host__ __device__ __forceinline__ float to_float(float value) { return value; }
__host__ __device__ __forceinline__ float to_float(BFloat16 value) {
  return bits::to_float(static_cast<uint32_t>(value.bits) << 16);
}
__host__ __device__ __forceinline__ float to_float(Half value) { return bits::from_half(value.bits); }

template <class T>
__host__ __device__ __forceinline__ T from_float(float value);
template <>
__host__ __device__ __forceinline__ float from_float<float>(float value) {
  return value;
}
template <>
__host__ __device__ __forceinline__ BFloat16 from_float<BFloat16>(float value) {
  return {bits::bfloat16_from(value)};
}
template <>
__host__ __device__ __forceinline__ Half from_float<Half>(float value) {
  return {bits::half_from(value)};
}

// Two numbers in a word, the first in the low half.
template <Element kElement>
__host__ __device__ __forceinline__ uint32_t pack2(float low, float high) {
  static_assert(kElement != Element::kF32, "a word holds two 16-bit numbers");
#if defined(__CUDA_ARCH__)
  uint32_t out;
  if constexpr (kElement == Element::kBF16) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  }
  return out;
#else
  return static_cast<uint32_t>(from_float<Number<kElement>>(low).bits) |
         static_cast<uint32_t>(from_float<Number<kElement>>(high).bits) << 16;
#endif
}

template <Element kElement>
__host__ __device__ __forceinline__ void unpack2(uint32_t word, float& low, float& high) {
  static_assert(kElement != Element::kF32, "a word holds two 16-bit numbers");
  if constexpr (kElement == Element::kBF16) {
    low = bits::to_float(word << 16);
    high = bits::to_float(word & 0xffff0000u);
  } else {
    low = bits::from_half(static_cast<uint16_t>(word & 0xffffu));
    high = bits::from_half(static_cast<uint16_t>(word >> 16));
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_NUMBER_H_
