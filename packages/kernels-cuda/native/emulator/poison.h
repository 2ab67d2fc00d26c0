// What memory holds that nobody has written: every byte 0xff is a NaN in float, double, f16 and bf16, and -1 in integers.
#ifndef PAROATTN_EMULATOR_POISON_H_
#define PAROATTN_EMULATOR_POISON_H_

#include <cstddef>
#include <cstring>

namespace paroattn {
namespace emulator {

constexpr unsigned char kPoison = 0xff;

inline void fill_poison(void* memory, size_t bytes) {
  if (bytes > 0) std::memset(memory, kPoison, bytes);
}

inline bool is_poison(const void* memory, size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(memory);
  for (size_t i = 0; i < bytes; ++i) {
    if (at[i] != kPoison) return false;
  }
  return true;
}

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_POISON_H_
