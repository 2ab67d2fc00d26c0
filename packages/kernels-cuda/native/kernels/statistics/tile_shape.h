// Sizes of the block statistics kernel.
#ifndef PAROATTN_CUDA_STATISTICS_TILE_SHAPE_H_
#define PAROATTN_CUDA_STATISTICS_TILE_SHAPE_H_

#include <cstddef>

#include "attention/packed.h"

namespace paroattn {
namespace cuda {

constexpr int kStatisticsWarps = 4;
constexpr int kStatisticsThreads = 32 * kStatisticsWarps;
constexpr int kWarpRows = 32;         // queries of a warp: two row tiles of mma, so that a fragment of keys serves both
constexpr int kQueryBlocks = 2;       // of a block of threads
constexpr int kMostKeyBlocks = 64;    // that one block of threads streams
constexpr int kKeyStages = 2;         // images of keys in shared memory: a tile takes longer than the next one's way

static_assert(kStatisticsWarps * kWarpRows == kQueryBlocks * kBlock, "every query row has a warp");
static_assert(kQueryBlocks * kMostKeyBlocks == kStatisticsThreads, "a thread finishes one tile");

template <int kHeadDim>
struct KeyImage {
  static constexpr int kPackedDim = packed_head_dim(kHeadDim);
  static constexpr int kChunks = kPackedDim / 8;  // of 16 bytes in a row
  // An odd count of chunks from row to row: eight rows at one chunk lie in eight different groups of banks.
  static constexpr int kRowChunks = kChunks | 1;
  static constexpr int kSteps = kPackedDim / 16;  // of mma over the channels
  static constexpr int kBytes = kBlock * kRowChunks * 16;
  static constexpr size_t kSharedBytes = static_cast<size_t>(kKeyStages) * kBytes;
  // Blocks of threads that share a multiprocessor: what the registers of the queries leave room for.
  static constexpr int kResident = kHeadDim == 64 ? 4 : 3;

  static_assert(kSharedBytes <= 40 * 1024, "no more than a kernel gets without asking, its other arrays included");
  static_assert(kBlock * kChunks % kStatisticsThreads == 0, "every thread copies as many chunks");
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_STATISTICS_TILE_SHAPE_H_
