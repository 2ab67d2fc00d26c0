// Loads and stores of a few neighbouring channels. `wide`: the address allows 16-byte (or the chunk's own) accesses; the
// host knows and says so for the whole launch.
#ifndef PAROATTN_CUDA_FRONT_CHANNELS_H_
#define PAROATTN_CUDA_FRONT_CHANNELS_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"
#include "common/number.h"

namespace paroattn {
namespace cuda {

// Moved by one instruction.
template <int kWords>
struct alignas(4 * kWords) Words {
  uint32_t word[kWords];
};

// [kCount] floats from f32.
template <int kCount>
__device__ __forceinline__ void load_floats(const float* source, bool wide, float (&values)[kCount]) {
  constexpr int kWords = kCount < 4 ? kCount : 4;
  if (wide) {
#pragma unroll
    for (int first = 0; first < kCount; first += kWords) {
      const Words<kWords> words = *reinterpret_cast<const Words<kWords>*>(source + first);
#pragma unroll
      for (int i = 0; i < kWords; ++i) values[first + i] = __uint_as_float(words.word[i]);
    }
  } else {
#pragma unroll
    for (int i = 0; i < kCount; ++i) values[i] = source[i];
  }
}

template <int kCount>
__device__ __forceinline__ void load_or_fill(const float* source, int first, float otherwise, bool wide,
                                             float (&values)[kCount]) {
  if (source != nullptr) {
    load_floats(source + first, wide, values);
  } else {
#pragma unroll
    for (int i = 0; i < kCount; ++i) values[i] = otherwise;
  }
}

// [kCount] elements of 2 bytes as they are stored.
template <int kCount, typename Stored>
__device__ __forceinline__ Words<kCount / 2> load_words(const Stored* source, bool wide) {
  if (wide) return *reinterpret_cast<const Words<kCount / 2>*>(source);
  Words<kCount / 2> words;
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) {
    words.word[i] = source[2 * i].bits | static_cast<uint32_t>(source[2 * i + 1].bits) << 16;
  }
  return words;
}

template <Element kElement, int kCount>
__device__ __forceinline__ void load_channels(const Number<kElement>* source, bool wide,
                                              float (&values)[kCount]) {
  if constexpr (kElement == Element::kF32) {
    load_floats(source, wide, values);
  } else {
    const Words<kCount / 2> words = load_words<kCount>(source, wide);
#pragma unroll
    for (int i = 0; i < kCount / 2; ++i) unpack2<kElement>(words.word[i], values[2 * i], values[2 * i + 1]);
  }
}

// One rounding, to nearest even.
template <Element kElement, int kCount>
__device__ __forceinline__ Words<kCount / 2> pack_channels(const float (&values)[kCount]) {
  Words<kCount / 2> words;
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) words.word[i] = pack2<kElement>(values[2 * i], values[2 * i + 1]);
  return words;
}

// The packed operands are always aligned.
template <int kCount>
__device__ __forceinline__ void store_words(const Words<kCount>& words, uint16_t* target) {
  *reinterpret_cast<Words<kCount>*>(target) = words;
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_CHANNELS_H_
