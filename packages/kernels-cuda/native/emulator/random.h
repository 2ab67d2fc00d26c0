// Where chance comes from: a few instructions a number, the same sequence for the same seed.
#ifndef PAROATTN_EMULATOR_RANDOM_H_
#define PAROATTN_EMULATOR_RANDOM_H_

#include <cstdint>

namespace paroattn {
namespace emulator {

// splitmix64, https://prng.di.unimi.it/splitmix64.c
class Random {
 public:
  explicit Random(uint64_t seed = 0) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // Below `bound`, which fits in 32 bits and is not 0.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(((next() >> 32) * bound) >> 32); }

 private:
  uint64_t state_;
};

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_RANDOM_H_
