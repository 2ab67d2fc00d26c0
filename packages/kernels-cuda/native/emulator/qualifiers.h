// CUDA's keywords for g++. One block runs at a time on the thread that runs its kernel, so that __shared__ is thread-local:
// that puts all such arrays into one range of memory (static_shared.h), which is poisoned before every block.
#ifndef PAROATTN_EMULATOR_QUALIFIERS_H_
#define PAROATTN_EMULATOR_QUALIFIERS_H_

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __shared__ static thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) alignas(bytes)

#endif  // PAROATTN_EMULATOR_QUALIFIERS_H_
