// The host's work for a mask, done once: words for the device, the order of work, checks and counts. Knows no GPU.
#ifndef PAROATTN_CUDA_ATTENTION_WORK_ORDER_H_
#define PAROATTN_CUDA_ATTENTION_WORK_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "attention/attention.h"

namespace paroattn {
namespace cuda {

struct MaskShape {
  int batch = 1;  // 1: shared by all batch rows
  int heads = 1;
  int query_blocks = 1;
  int key_blocks = 1;
};

// The operands a mask meets.
struct PanelShape {
  int batch = 1;
  int key_heads = 1;                    // divides the mask's heads
  size_t panel_bytes = 0;               // of keys and values of one key head: 2 * key_blocks * 64 * packed_head_dim * 2
  const int32_t* key_counts = nullptr;  // [batch, key_heads, key_blocks]; null: 64 each
};

// What the heads of a group may occupy of the L2 cache together, of 40 MB (sm_80) and more; with half of it an H200.
constexpr size_t kCacheBytes = 25'000'000;

// Words of a row: padded to 16 bytes.
constexpr int mask_words_of(int key_blocks) { return (key_blocks + 127) / 128 * 4; }

// AttentionProblem::mask from packed bytes: [batch, heads, ceil(query_blocks * key_blocks / 8)], row-major within a
// head, least significant bit first, each head starting on a byte.
std::vector<uint32_t> mask_words(const uint8_t* bits, const MaskShape& shape);

// AttentionProblem::items. Key heads whose keys and values fit cache_bytes together form a group, those with most work
// first; within a group the items with most live blocks come first, then in natural order: thread blocks at work at the
// same time read the same keys from the cache, and what is left at the end is short.
std::vector<WorkItem> order_work(const std::vector<uint32_t>& words, const MaskShape& shape, const PanelShape& panels,
                                 size_t cache_bytes = kCacheBytes);

// Valid keys of each block, [batch, key_heads, key_blocks], as the front counts them.
//
// key_rows: [orders, key_blocks * 64], see FrontProblem; key_lengths: [batch], null: all keys; order_choice: [heads],
// null or key_heads < heads: order 0.
std::vector<int32_t> count_valid_keys(const std::vector<int32_t>& key_rows, int key_blocks, int batch, int heads,
                                      int key_heads, const int32_t* order_choice, const int32_t* key_lengths);

struct QueryBlock {
  int batch, head, query_block;
};

// The first query block without a live valid key, if there is one: attention() would give it zeros.
std::optional<QueryBlock> find_dead_row(const std::vector<uint32_t>& words, const MaskShape& shape,
                                        const PanelShape& panels);

// Pairs of a valid query and a valid key that attention() multiplies; a tile's pads are not counted.
// query_lengths: [query_blocks], valid queries of each block.
uint64_t executed_pairs(const std::vector<uint32_t>& words, const MaskShape& shape, const PanelShape& panels,
                        const int32_t* query_lengths);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_WORK_ORDER_H_
