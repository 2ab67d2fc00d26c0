// The live key blocks of a work item, listed in shared memory from the mask's bits.
#ifndef PAROATTN_CUDA_ATTENTION_LIVE_LIST_H_
#define PAROATTN_CUDA_ATTENTION_LIVE_LIST_H_

#include <cstdint>

#include "attention/tile.h"
#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// Key blocks listed at a time. Two bytes each: with them two thread blocks of head dim 64 still fit into the 100 KB of
// an sm_86, and two of head dim 128 into the 164 KB of an sm_80.
constexpr int kListBlocks = 384;

// An entry: the block's place in the list's stretch, which of the item's two query blocks it is live for, and whether
// it holds fewer than 64 valid keys.
constexpr uint32_t kEntryBlock = 0x1ff;
constexpr uint32_t kEntryFirst = 0x200;
constexpr uint32_t kEntrySecond = 0x400;
constexpr uint32_t kEntryShort = 0x800;
static_assert(kListBlocks <= kEntryBlock + 1, "an entry names its block");
static_assert(kListBlocks % (32 * kWarps) == 0, "each warp lists whole words");

// Pointers and the next stretch are here too: read when they are wanted, they take no registers through the loop.
struct LiveList {
  const char* keys;           // the stretch's first tile
  const int32_t* key_counts;  // of the stretch
  int next;                   // where the next stretch starts
  int counts[kWarps];         // of entries, of each warp's words
  uint16_t entries[kListBlocks];
};

// What decides on an item's key blocks: mask rows of its two query blocks and the valid keys of each block.
struct LiveRows {
  const uint32_t* first;   // null: all live
  const uint32_t* second;  // null: all live, if there is a second query block at all
  bool has_second;
  const int32_t* key_counts;
  int key_blocks;
  const char* keys = nullptr;  // tiles of the panel
  int64_t tile_bytes = 0;
};

// Lists the blocks from `start` (a multiple of 32) on, at most kListBlocks, that are live for one of the two query
// blocks and hold a valid key; ascending. Returns their count to every thread. Called by all threads; the list may
// have been in use until the call.
__device__ __forceinline__ int list_live_blocks(const LiveRows& rows, int start, LiveList* list) {
  constexpr int kWords = kListBlocks / (32 * kWarps);  // a warp takes these, a lane one bit of each
  const int thread = static_cast<int>(threadIdx.x);
  const int warp = thread >> 5, lane = thread & 31;
  uint32_t entries[kWords], ballots[kWords];
  int count = 0;
#pragma unroll
  for (int i = 0; i < kWords; ++i) {
    const int place = (warp * kWords + i) * 32 + lane;
    const int block = start + place;
    uint32_t entry = 0;
    if (block < rows.key_blocks) {
      const int word = block >> 5;
      const int keys = rows.key_counts[block];
      const uint32_t first = rows.first == nullptr ? 1u : rows.first[word] >> lane & 1u;
      const uint32_t second = !rows.has_second ? 0u : rows.second == nullptr ? 1u : rows.second[word] >> lane & 1u;
      if (keys > 0 && (first | second) != 0) {
        entry = static_cast<uint32_t>(place) | first * kEntryFirst | second * kEntrySecond |
                (keys < kBlock ? kEntryShort : 0u);
      }
    }
    entries[i] = entry;
    ballots[i] = __ballot_sync(0xffffffffu, entry != 0);
    count += __popc(ballots[i]);
  }
  if (lane == 0) list->counts[warp] = count;
  __syncthreads();  // all counts are there, and nobody reads the old list any more
  if (thread == 0) {
    list->keys = rows.keys + start * rows.tile_bytes;
    list->key_counts = rows.key_counts + start;
    list->next = start + kListBlocks;
  }
  int place = 0, total = 0;
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
    const int other = list->counts[w];
    if (w < warp) place += other;
    total += other;
  }
#pragma unroll
  for (int i = 0; i < kWords; ++i) {
    if (entries[i] != 0) {
      list->entries[place + __popc(ballots[i] & ((1u << lane) - 1u))] = static_cast<uint16_t>(entries[i]);
    }
    place += __popc(ballots[i]);
  }
  __syncthreads();
  return total;
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_LIVE_LIST_H_
