#include "attention/work_order.h"

#include <algorithm>
#include <numeric>

namespace paroattn {
namespace cuda {
namespace {

int count_ones(uint32_t word) {
  int count = 0;
  for (; word != 0; word &= word - 1) ++count;
  return count;
}

size_t panel_of(const MaskShape& shape, const PanelShape& panels, int batch, int head) {
  return static_cast<size_t>(batch) * panels.key_heads + key_head_of(head, shape.heads, panels.key_heads);
}

// A mask's rows for the batch rows it meets.
class Rows {
 public:
  Rows(const std::vector<uint32_t>& words, const MaskShape& shape)
      : words_(words), shape_(shape), row_words_(static_cast<size_t>(mask_words_of(shape.key_blocks))) {}

  const uint32_t* row(int batch, int head, int query_block) const {
    const size_t heads = static_cast<size_t>(shape_.batch == 1 ? 0 : batch) * shape_.heads + head;
    return words_.data() + (heads * shape_.query_blocks + query_block) * row_words_;
  }
  // Blocks live for this query block or the next.
  int live_of_pair(int batch, int head, int query_block) const {
    const uint32_t* first = row(batch, head, query_block);
    const uint32_t* second = query_block + 1 < shape_.query_blocks ? first + row_words_ : first;
    int live = 0;
    for (size_t i = 0; i < row_words_; ++i) live += count_ones(first[i] | second[i]);
    return live;
  }
  // Valid keys in a row's live blocks.
  uint64_t keys_of(const PanelShape& panels, int batch, int head, int query_block) const {
    const uint32_t* bits = row(batch, head, query_block);
    const size_t start = panel_of(shape_, panels, batch, head) * shape_.key_blocks;
    uint64_t keys = 0;
    for (int block = 0; block < shape_.key_blocks; ++block) {
      if ((bits[block / 32] >> block % 32 & 1u) == 0) continue;
      keys += panels.key_counts == nullptr ? kBlock : static_cast<uint64_t>(panels.key_counts[start + block]);
    }
    return keys;
  }

 private:
  const std::vector<uint32_t>& words_;
  const MaskShape& shape_;
  size_t row_words_;
};

struct Candidate {
  WorkItem item;
  size_t panel;
  int live;
};

}  // namespace

std::vector<uint32_t> mask_words(const uint8_t* bits, const MaskShape& shape) {
  const size_t row_words = static_cast<size_t>(mask_words_of(shape.key_blocks));
  const size_t heads = static_cast<size_t>(shape.batch) * shape.heads;
  const size_t query_blocks = static_cast<size_t>(shape.query_blocks),
               key_blocks = static_cast<size_t>(shape.key_blocks);
  const size_t head_bytes = (query_blocks * key_blocks + 7) / 8;
  std::vector<uint32_t> words(heads * query_blocks * row_words, 0u);
  for (size_t row = 0; row < heads * query_blocks; ++row) {
    const uint8_t* head = bits + row / query_blocks * head_bytes;
    size_t bit = row % query_blocks * key_blocks;
    for (size_t block = 0; block < key_blocks; ++block, ++bit) {
      const uint32_t live = head[bit / 8] >> bit % 8 & 1u;
      words[row * row_words + block / 32] |= live << block % 32;
    }
  }
  return words;
}

std::vector<WorkItem> order_work(const std::vector<uint32_t>& words, const MaskShape& shape, const PanelShape& panels,
                                 size_t cache_bytes) {
  const Rows rows(words, shape);
  std::vector<Candidate> candidates;
  std::vector<uint64_t> panel_work(static_cast<size_t>(panels.batch) * panels.key_heads, 0);
  for (int batch = 0; batch < panels.batch; ++batch) {
    for (int head = 0; head < shape.heads; ++head) {
      const size_t panel = panel_of(shape, panels, batch, head);
      for (int block = 0; block < shape.query_blocks; block += 2) {
        const int live = rows.live_of_pair(batch, head, block);
        const WorkItem item = {static_cast<uint32_t>(batch * shape.heads + head), static_cast<uint32_t>(block)};
        candidates.push_back({item, panel, live});
        panel_work[panel] += static_cast<uint64_t>(live);
      }
    }
  }

  std::vector<size_t> heaviest(panel_work.size());
  std::iota(heaviest.begin(), heaviest.end(), size_t{0});
  std::stable_sort(heaviest.begin(), heaviest.end(),
                   [&](size_t left, size_t right) { return panel_work[left] > panel_work[right]; });
  const size_t panels_a_group =
      panels.panel_bytes == 0 ? heaviest.size() : std::max<size_t>(1, cache_bytes / panels.panel_bytes);
  std::vector<size_t> group(panel_work.size());
  for (size_t i = 0; i < heaviest.size(); ++i) group[heaviest[i]] = i / panels_a_group;

  // Stable: candidates were listed in natural order.
  std::stable_sort(candidates.begin(), candidates.end(), [&](const Candidate& left, const Candidate& right) {
    if (group[left.panel] != group[right.panel]) return group[left.panel] < group[right.panel];
    return left.live > right.live;
  });
  std::vector<WorkItem> items;
  items.reserve(candidates.size());
  for (const Candidate& candidate : candidates) items.push_back(candidate.item);
  return items;
}

std::vector<int32_t> count_valid_keys(const std::vector<int32_t>& key_rows, int key_blocks, int batch, int heads,
                                      int key_heads, const int32_t* order_choice, const int32_t* key_lengths) {
  const size_t blocks = static_cast<size_t>(key_blocks);
  std::vector<int32_t> counts(static_cast<size_t>(batch) * key_heads * blocks, 0);
  for (int b = 0; b < batch; ++b) {
    for (int head = 0; head < key_heads; ++head) {
      const size_t order = order_choice == nullptr || key_heads < heads ? 0 : static_cast<size_t>(order_choice[head]);
      const int32_t* tokens = key_rows.data() + order * blocks * kBlock;
      int32_t* panel = counts.data() + (static_cast<size_t>(b) * key_heads + head) * blocks;
      for (size_t row = 0; row < blocks * kBlock; ++row) {
        const bool valid = tokens[row] >= 0 && (key_lengths == nullptr || tokens[row] < key_lengths[b]);
        panel[row / kBlock] += valid ? 1 : 0;
      }
    }
  }
  return counts;
}

std::optional<QueryBlock> find_dead_row(const std::vector<uint32_t>& words, const MaskShape& shape,
                                        const PanelShape& panels) {
  const Rows rows(words, shape);
  for (int batch = 0; batch < panels.batch; ++batch) {
    for (int head = 0; head < shape.heads; ++head) {
      for (int block = 0; block < shape.query_blocks; ++block) {
        if (rows.keys_of(panels, batch, head, block) == 0) return QueryBlock{batch, head, block};
      }
    }
  }
  return std::nullopt;
}

uint64_t executed_pairs(const std::vector<uint32_t>& words, const MaskShape& shape, const PanelShape& panels,
                        const int32_t* query_lengths) {
  const Rows rows(words, shape);
  uint64_t pairs = 0;
  for (int batch = 0; batch < panels.batch; ++batch) {
    for (int head = 0; head < shape.heads; ++head) {
      for (int block = 0; block < shape.query_blocks; ++block) {
        pairs += static_cast<uint64_t>(query_lengths[block]) * rows.keys_of(panels, batch, head, block);
      }
    }
  }
  return pairs;
}

}  // namespace cuda
}  // namespace paroattn
