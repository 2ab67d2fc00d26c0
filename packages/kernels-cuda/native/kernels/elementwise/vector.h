// Neighbouring numbers that one instruction loads or stores.
#ifndef PAROATTN_CUDA_ELEMENTWISE_VECTOR_H_
#define PAROATTN_CUDA_ELEMENTWISE_VECTOR_H_

#include <cstddef>
#include <cstdint>

#include "common/device.h"
#include "common/number.h"

namespace paroattn {
namespace cuda {

// The widest access of a thread is 16 bytes.
template <class T>
constexpr int kWidestVector = 16 / static_cast<int>(sizeof(T));

template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Vector {
  T number[kWidth];
};

// [kWidth] floats. The address is aligned to the vector, or to 16 bytes where that is less.
template <int kWidth, class T>
__device__ __forceinline__ void load(const T* source, float (&values)[kWidth]) {
  constexpr int kPart = kWidth < kWidestVector<T> ? kWidth : kWidestVector<T>;
#pragma unroll
  for (int first = 0; first < kWidth; first += kPart) {
    const auto vector = *reinterpret_cast<const Vector<T, kPart>*>(source + first);
#pragma unroll
    for (int i = 0; i < kPart; ++i) values[first + i] = to_float(vector.number[i]);
  }
}

// Each value is rounded once, to nearest even.
template <int kWidth, class T>
__device__ __forceinline__ void store(const float (&values)[kWidth], T* target) {
  Vector<T, kWidth> vector;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) vector.number[i] = from_float<T>(values[i]);
  *reinterpret_cast<Vector<T, kWidth>*>(target) = vector;
}

inline bool is_aligned(const void* pointer, size_t bytes) { return reinterpret_cast<uintptr_t>(pointer) % bytes == 0; }

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_VECTOR_H_
