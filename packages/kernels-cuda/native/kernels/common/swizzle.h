// Rows in shared memory without padding, whose 16-byte chunks are exchanged so that eight rows of 16 bytes (what ldmatrix
// reads at once) lie in different banks, as do eight neighbouring chunks of a row.
#ifndef PAROATTN_CUDA_COMMON_SWIZZLE_H_
#define PAROATTN_CUDA_COMMON_SWIZZLE_H_

namespace paroattn {
namespace cuda {

// Chunks that are exchanged among each other: the largest power of two up to 8 (128 bytes, all banks) that divides a row.
constexpr int swizzle_span(int chunks_per_row) {
  return chunks_per_row % 8 == 0 ? 8 : chunks_per_row % 4 == 0 ? 4 : chunks_per_row % 2 == 0 ? 2 : 1;
}

// Rows that lie in different banks without an exchange: a row starts span * 16 bytes times an odd number after the last.
constexpr int swizzle_period(int chunks_per_row) { return 8 / swizzle_span(chunks_per_row); }

constexpr int swizzled_chunk(int row, int chunk, int chunks_per_row) {
  return chunk ^ (row / swizzle_period(chunks_per_row) & (swizzle_span(chunks_per_row) - 1));
}

// In bytes from the start of the tile, which is aligned to 128.
constexpr int swizzled_offset(int row, int chunk, int chunks_per_row) {
  return (row * chunks_per_row + swizzled_chunk(row, chunk, chunks_per_row)) * 16;
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_SWIZZLE_H_
