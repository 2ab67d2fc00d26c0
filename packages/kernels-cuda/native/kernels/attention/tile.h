// Tiles of 64 packed rows in shared memory: where a 16-byte chunk lies, how a block of threads copies a tile there and
// where each lane of a warp reads it back with ldmatrix.
#ifndef PAROATTN_CUDA_ATTENTION_TILE_H_
#define PAROATTN_CUDA_ATTENTION_TILE_H_

#include <cstdint>

#include "attention/packed.h"
#include "common/device.h"
#include "common/ptx.h"
#include "common/swizzle.h"

namespace paroattn {
namespace cuda {

constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;
constexpr int kQueryRows = 2 * kBlock;  // of a work item

template <int kPackedDim>
struct Tile {
  static constexpr int kRowBytes = 2 * kPackedDim;
  static constexpr int kBytes = kBlock * kRowBytes;
  static constexpr int kChunks = kPackedDim / 8;  // of 16 bytes in a row

  static constexpr int kSpan = swizzle_span(kChunks);
  static_assert(kSpan > 1, "a row is whole groups of 16 channels");

  static constexpr uint32_t offset(int row, int chunk) {
    return static_cast<uint32_t>(swizzled_offset(row, chunk, kChunks));
  }

  // Copies go in passes: one moves the span's columns of kRowsAPass rows. Rows keep their exchange from pass to pass,
  // so that a thread works with one place on each side and constants.
  static constexpr int kRowsAPass = kThreads / kSpan;

  // A thread's place in a tile in shared and in global memory.
  static __host__ __device__ __forceinline__ uint32_t copy_to(int thread) {
    return offset(thread / kSpan, thread % kSpan);
  }
  static __host__ __device__ __forceinline__ uint32_t copy_from(int thread) {
    return static_cast<uint32_t>(thread / kSpan * kRowBytes + thread % kSpan * 16);
  }

  // Starts the copy of a tile by all threads; both pointers are to the thread's place.
  static __device__ __forceinline__ void copy(char* to, const char* from) {
#pragma unroll
    for (int pass = 0; pass < kBlock / kRowsAPass; ++pass) {
#pragma unroll
      for (int span = 0; span < kChunks / kSpan; ++span) {
        const int step = pass * kRowsAPass * kRowBytes + span * kSpan * 16;
        ptx::cp_async_16(to + step, from + step);
      }
    }
  }

  // Where this lane reads with ldmatrix.x4, in a group of 16 rows and 16 channels that starts at row 0, channel 0.
  // rows_first: the matrices go down the rows first (operand A; operand B of values, transposed), else along the
  // channels first (operand B of keys).
  static __host__ __device__ __forceinline__ uint32_t lane_offset(int lane, bool rows_first) {
    const int down = rows_first ? lane >> 3 & 1 : lane >> 4;
    const int along = rows_first ? lane >> 4 : lane >> 3 & 1;
    return offset((lane & 7) + 8 * down, along);
  }

  // The same lane's place for the 16 rows at `row` (a multiple of 16) and the 16 channels at 16 * step. lane_offset may
  // include the offset of the tile, a multiple of 128: the exchange then is not constant through a loop, and needs no
  // registers for every step.
  static __host__ __device__ __forceinline__ uint32_t group_offset(uint32_t lane_offset, int row, int step) {
    constexpr uint32_t kExchanged = kSpan * 16 - 1;
    const uint32_t along = static_cast<uint32_t>(step) * 32;
    return (lane_offset ^ (along & kExchanged)) + (along & ~kExchanged) + static_cast<uint32_t>(row * kRowBytes);
  }
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_TILE_H_
