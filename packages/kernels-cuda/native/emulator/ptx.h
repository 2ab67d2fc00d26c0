// Twin of kernels/common/ptx.h, which includes this in its place and documents the functions.
#ifndef PAROATTN_EMULATOR_PTX_H_
#define PAROATTN_EMULATOR_PTX_H_

#include <cmath>
#include <cstdint>

#include "common/element.h"
#include "common/number.h"
#include "emulator/block.h"

namespace paroattn {
namespace emulator {

// registers: 1, 2 or 4.
void ldmatrix(uint32_t* matrices, const void* row, int registers, bool transposed, Site site);
void mma(float* accumulator, const uint32_t* a, uint32_t b0, uint32_t b1, cuda::Element element, Site site);

}  // namespace emulator

namespace cuda {
namespace ptx {

using cuda::pack2;
using cuda::unpack2;
using emulator::Site;

inline void ldmatrix_x1(uint32_t (&matrix)[1], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 1, false, site);
}
inline void ldmatrix_x2(uint32_t (&matrix)[2], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 2, false, site);
}
inline void ldmatrix_x4(uint32_t (&matrix)[4], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 4, false, site);
}
inline void ldmatrix_x1_trans(uint32_t (&matrix)[1], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 1, true, site);
}
inline void ldmatrix_x2_trans(uint32_t (&matrix)[2], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 2, true, site);
}
inline void ldmatrix_x4_trans(uint32_t (&matrix)[4], const void* row, Site site = Site::here()) {
  emulator::ldmatrix(matrix, row, 4, true, site);
}

template <Element kElement>
void mma(float (&accumulator)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, Site site = Site::here()) {
  static_assert(kElement != Element::kF32, "mma takes bf16 or f16");
  emulator::mma(accumulator, a, b0, b1, kElement, site);
}

inline void cp_async_16(void* shared, const void* global, Site site = Site::here()) {
  emulator::current_block->copy_async(shared, global, 16, site);
}
inline void cp_async_16(void* shared, const void* global, int bytes, Site site = Site::here()) {
  emulator::current_block->copy_async(shared, global, static_cast<unsigned>(bytes), site);
}
inline void cp_async_commit() { emulator::current_block->commit_copies(); }
template <int kGroups>
void cp_async_wait() {
  emulator::current_block->wait_copies(kGroups);
}

inline void barrier_sync(int number, int threads, Site site = Site::here()) {
  emulator::current_block->barrier("barrier.sync", static_cast<unsigned>(number), static_cast<unsigned>(threads), site);
}

inline float flush_subnormal(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
inline float exp2(float x) { return flush_subnormal(::exp2f(flush_subnormal(x))); }
inline float log2(float x) { return ::log2f(flush_subnormal(x)); }

}  // namespace ptx
}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_PTX_H_
