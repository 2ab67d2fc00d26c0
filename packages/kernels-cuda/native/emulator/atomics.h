// Atomics, fences and what else may let another thread through.
#ifndef PAROATTN_EMULATOR_ATOMICS_H_
#define PAROATTN_EMULATOR_ATOMICS_H_

#include "emulator/block.h"

namespace paroattn {
namespace emulator {

template <class T, class Function>
T atomically(const char* name, T* address, Function function, Site site) {
  current_block->pause(name, site);
  const T old = *address;
  *address = function(old);
  return old;
}

}  // namespace emulator
}  // namespace paroattn

#define PAROATTN_EMULATOR_ATOMIC(name, expression)                                                                  \
  template <class T>                                                                                                \
  T name(T* address, T value, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {                   \
    return paroattn::emulator::atomically(#name, address, [&](T old) { return static_cast<T>(expression); }, site); \
  }
PAROATTN_EMULATOR_ATOMIC(atomicAdd, old + value)
PAROATTN_EMULATOR_ATOMIC(atomicSub, old - value)
PAROATTN_EMULATOR_ATOMIC(atomicMax, old > value ? old : value)
PAROATTN_EMULATOR_ATOMIC(atomicMin, old < value ? old : value)
PAROATTN_EMULATOR_ATOMIC(atomicExch, ((void)old, value))
PAROATTN_EMULATOR_ATOMIC(atomicOr, old | value)
PAROATTN_EMULATOR_ATOMIC(atomicAnd, old & value)
PAROATTN_EMULATOR_ATOMIC(atomicXor, old ^ value)
PAROATTN_EMULATOR_ATOMIC(atomicInc, old >= value ? 0 : old + 1)
#undef PAROATTN_EMULATOR_ATOMIC

template <class T>
T atomicCAS(T* address, T compare, T value, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  return paroattn::emulator::atomically("atomicCAS", address, [&](T old) { return old == compare ? value : old; }, site);
}

inline void __threadfence(paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->pause("__threadfence", site);
}
inline void __threadfence_block(paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->pause("__threadfence_block", site);
}
inline void __threadfence_system(paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->pause("__threadfence_system", site);
}
inline void __nanosleep(unsigned, paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->pause("__nanosleep", site);
}
[[noreturn]] inline void __trap(paroattn::emulator::Site site = paroattn::emulator::Site::here()) {
  paroattn::emulator::current_block->fail("__trap", site);
}

#endif  // PAROATTN_EMULATOR_ATOMICS_H_
