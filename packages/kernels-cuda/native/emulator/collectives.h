// What threads of a block or lanes of a warp do together, under CUDA's names.
#ifndef PAROATTN_EMULATOR_COLLECTIVES_H_
#define PAROATTN_EMULATOR_COLLECTIVES_H_

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emulator/block.h"

#define threadIdx (::paroattn::emulator::current_thread->index)
#define blockIdx (::paroattn::emulator::current_block->index())
#define blockDim (::paroattn::emulator::current_block->size())
#define gridDim (::paroattn::emulator::current_block->grid_size())

constexpr int warpSize = 32;

namespace paroattn {
namespace emulator {

struct ShuffleOperands {
  uint64_t value;  // in and out
  int from;        // the lane that is read
};
extern const Collective kSyncWarp, kShuffle, kBallot;

// The value of lane `from` (of the warp) of the mask; poison if the mask lacks it.
uint64_t shuffle(uint32_t mask, uint64_t value, int from, Site site);
uint32_t ballot(uint32_t mask, bool predicate, Site site);

template <class T>
T shuffle_as(uint32_t mask, T value, int from, Site site) {
  static_assert(std::is_arithmetic<T>::value && sizeof(T) <= 8, "a shuffle moves a number of at most 8 bytes");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = shuffle(mask, bits, from, site);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline int lane_of_this_thread() { return static_cast<int>(current_thread->number % kWarp); }

// Arguments and results of __reduce_*_sync.
struct ReduceOperands {
  uint32_t value;
};
extern const Collective kReduceAdd, kReduceAnd, kReduceOr, kReduceXor, kReduceMin, kReduceMax, kReduceMinSigned,
    kReduceMaxSigned;
uint32_t reduce(const Collective& collective, uint32_t mask, uint32_t value, Site site);

}  // namespace emulator
}  // namespace paroattn


inline void __syncthreads(paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->barrier("__syncthreads", 0, 0, site);
}
inline int __syncthreads_or(int predicate, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::current_block->counting_barrier("__syncthreads_or", predicate, site) > 0;
}
inline int __syncthreads_and(int predicate, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::current_block->counting_barrier("__syncthreads_and", predicate == 0, site) == 0;
}
inline int __syncthreads_count(int predicate, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return static_cast<int>(paroattn::emulator::current_block->counting_barrier("__syncthreads_count", predicate, site));
}
inline void __syncwarp(unsigned mask = 0xffffffffu, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->collective(paroattn::emulator::kSyncWarp, mask, nullptr, site);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
              paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  const int self = paroattn::emulator::lane_of_this_thread();
  return paroattn::emulator::shuffle_as(mask, value, (self & -width) + (lane & (width - 1)), site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                  paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  const int self = paroattn::emulator::lane_of_this_thread();
  const int from = self ^ lane_mask;
  return paroattn::emulator::shuffle_as(mask, value, from > (self | (width - 1)) ? self : from, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  const int self = paroattn::emulator::lane_of_this_thread();
  const int from = self + static_cast<int>(delta);
  return paroattn::emulator::shuffle_as(mask, value, from > (self | (width - 1)) ? self : from, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  const int self = paroattn::emulator::lane_of_this_thread();
  const int from = self - static_cast<int>(delta);
  return paroattn::emulator::shuffle_as(mask, value, from < (self & -width) ? self : from, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::ballot(mask, predicate != 0, site);
}
inline int __any_sync(unsigned mask, int predicate, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::ballot(mask, predicate != 0, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::ballot(mask, predicate != 0, site) == mask;
}

#define PAROATTN_EMULATOR_REDUCE(name, type, collective)                                                        \
  inline type name(unsigned mask, type value, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {   \
    return static_cast<type>(                                                                                   \
        paroattn::emulator::reduce(paroattn::emulator::collective, mask, static_cast<uint32_t>(value), site));  \
  }
PAROATTN_EMULATOR_REDUCE(__reduce_add_sync, unsigned, kReduceAdd)
PAROATTN_EMULATOR_REDUCE(__reduce_add_sync, int, kReduceAdd)
PAROATTN_EMULATOR_REDUCE(__reduce_and_sync, unsigned, kReduceAnd)
PAROATTN_EMULATOR_REDUCE(__reduce_or_sync, unsigned, kReduceOr)
PAROATTN_EMULATOR_REDUCE(__reduce_xor_sync, unsigned, kReduceXor)
PAROATTN_EMULATOR_REDUCE(__reduce_min_sync, unsigned, kReduceMin)
PAROATTN_EMULATOR_REDUCE(__reduce_max_sync, unsigned, kReduceMax)
PAROATTN_EMULATOR_REDUCE(__reduce_min_sync, int, kReduceMinSigned)
PAROATTN_EMULATOR_REDUCE(__reduce_max_sync, int, kReduceMaxSigned)
#undef PAROATTN_EMULATOR_REDUCE

#endif  // PAROATTN_EMULATOR_COLLECTIVES_H_
