// The host's work for masks, against plain loops over blocks.
#include "attention/work_order.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "front/checks.h"
#include "front/row_table.h"

using namespace paroattn;
using namespace paroattn::test;
using cuda::MaskShape;
using cuda::PanelShape;
using cuda::WorkItem;

namespace {

struct Mask {
  MaskShape shape;
  std::vector<uint8_t> bits;

  Mask(Random& random, int batch, int heads, int query_blocks, int key_blocks, double density) {
    shape.batch = batch;
    shape.heads = heads;
    shape.query_blocks = query_blocks;
    shape.key_blocks = key_blocks;
    bits.assign(static_cast<size_t>(batch) * heads * head_bytes(), 0);
    for (int head = 0; head < batch * heads; ++head) {
      for (int bit = 0; bit < query_blocks * key_blocks; ++bit) {
        // Heads differ in density.
        if (random.uniform() < density * (1 + head % 3) / 2) bits[head * head_bytes() + bit / 8] |= 1 << bit % 8;
      }
    }
  }
  size_t head_bytes() const { return (static_cast<size_t>(shape.query_blocks) * shape.key_blocks + 7) / 8; }
  bool live(int batch, int head, int query_block, int key_block) const {
    const int bit = query_block * shape.key_blocks + key_block;
    const size_t row = static_cast<size_t>(shape.batch == 1 ? 0 : batch) * shape.heads + head;
    return bits[row * head_bytes() + bit / 8] >> bit % 8 & 1;
  }
  int live_of_pair(int batch, int head, int query_block) const {
    int count = 0;
    for (int k = 0; k < shape.key_blocks; ++k) {
      const bool second = query_block + 1 < shape.query_blocks && live(batch, head, query_block + 1, k);
      count += live(batch, head, query_block, k) || second;
    }
    return count;
  }
};

void check_words(Checks& checks, const Mask& mask) {
  const std::vector<uint32_t> words = cuda::mask_words(mask.bits.data(), mask.shape);
  const MaskShape& shape = mask.shape;
  const int row_words = cuda::mask_words_of(shape.key_blocks);
  checks.expect(row_words % 4 == 0 && row_words * 32 >= shape.key_blocks && (row_words - 4) * 32 < shape.key_blocks,
                "rows are padded to 16 bytes");
  bool same = words.size() == static_cast<size_t>(shape.batch) * shape.heads * shape.query_blocks * row_words;
  size_t row = 0;
  for (int b = 0; same && b < shape.batch; ++b) {
    for (int head = 0; head < shape.heads; ++head) {
      for (int q = 0; q < shape.query_blocks; ++q, ++row) {
        for (int k = 0; k < row_words * 32; ++k) {
          const bool bit = words[row * row_words + k / 32] >> k % 32 & 1u;
          same = same && bit == (k < shape.key_blocks && mask.live(b, head, q, k));
        }
      }
    }
  }
  checks.expect(same, "words hold the bits, and zeros behind them");
}

void check_order(Checks& checks, const Mask& mask, int batch, int key_heads, size_t panels_a_group) {
  const std::vector<uint32_t> words = cuda::mask_words(mask.bits.data(), mask.shape);
  const MaskShape& shape = mask.shape;
  PanelShape panels;
  panels.batch = batch;
  panels.key_heads = key_heads;
  panels.panel_bytes = 1000;
  const std::vector<WorkItem> items = cuda::order_work(words, shape, panels, 1000 * panels_a_group + 999);
  std::set<std::pair<uint32_t, uint32_t>> seen;
  for (const WorkItem& item : items) seen.insert({item.head, item.query_block});
  bool covered = seen.size() == items.size();
  for (int head = 0; head < batch * shape.heads; ++head) {
    for (int q = 0; q < shape.query_blocks; q += 2) covered = covered && seen.count({head, q}) == 1;
  }
  covered = covered && items.size() == static_cast<size_t>(batch) * shape.heads * ((shape.query_blocks + 1) / 2);
  checks.expect(covered, "each pair of query blocks is worked on once");

  // Panels appear in groups, heaviest first; within a group the counts fall, and ties stay in natural order.
  const auto panel_of = [&](const WorkItem& item) {
    const int head = static_cast<int>(item.head) % shape.heads, b = static_cast<int>(item.head) / shape.heads;
    return b * key_heads + head / (shape.heads / key_heads);
  };
  const auto live_of = [&](const WorkItem& item) {
    return mask.live_of_pair(static_cast<int>(item.head) / shape.heads, static_cast<int>(item.head) % shape.heads,
                             static_cast<int>(item.query_block));
  };
  const size_t items_a_panel = items.size() / (static_cast<size_t>(batch) * key_heads);
  const size_t items_a_group = items_a_panel * std::max<size_t>(1, panels_a_group);
  std::vector<long> work(static_cast<size_t>(batch) * key_heads, 0);
  for (const WorkItem& item : items) work[panel_of(item)] += live_of(item);
  bool groups = true, falling = true;
  long lightest = -1;
  for (size_t start = 0; start < items.size(); start += items_a_group) {
    const size_t end = std::min(items.size(), start + items_a_group);
    std::set<int> members;
    long most = 0, least = -1;
    for (size_t i = start; i < end; ++i) {
      members.insert(panel_of(items[i]));
      if (i == start) continue;
      const int before = live_of(items[i - 1]), now = live_of(items[i]);
      const bool natural = std::make_pair(items[i - 1].head, items[i - 1].query_block) <
                           std::make_pair(items[i].head, items[i].query_block);
      falling = falling && (before > now || (before == now && natural));
    }
    for (const int panel : members) {
      most = std::max(most, work[panel]);
      least = least < 0 ? work[panel] : std::min(least, work[panel]);
    }
    groups = groups && members.size() == (end - start) / items_a_panel && (lightest < 0 || most <= lightest);
    lightest = least;
  }
  checks.expect(groups, "heads share the cache in groups, the heavy ones first");
  checks.expect(falling, "within a group the long rows come first");
}

void check_counts(Checks& checks, Random& random, const Mask& mask, int batch, int key_heads) {
  const std::vector<uint32_t> words = cuda::mask_words(mask.bits.data(), mask.shape);
  const MaskShape& shape = mask.shape;
  PanelShape panels;
  panels.batch = batch;
  panels.key_heads = key_heads;
  std::vector<int32_t> counts(static_cast<size_t>(batch) * key_heads * shape.key_blocks);
  for (int32_t& count : counts) count = random.below(3) == 0 ? 0 : static_cast<int32_t>(random.below(65));
  panels.key_counts = counts.data();
  std::vector<int32_t> lengths(static_cast<size_t>(shape.query_blocks), 64);
  lengths.back() = 17;
  uint64_t pairs = 0;
  bool dead = false;
  cuda::QueryBlock first = {};
  for (int b = 0; b < batch; ++b) {
    for (int head = 0; head < shape.heads; ++head) {
      for (int q = 0; q < shape.query_blocks; ++q) {
        uint64_t keys = 0;
        for (int k = 0; k < shape.key_blocks; ++k) {
          const size_t panel = static_cast<size_t>(b) * key_heads + head / (shape.heads / key_heads);
          if (mask.live(b, head, q, k)) keys += static_cast<uint64_t>(counts[panel * shape.key_blocks + k]);
        }
        pairs += keys * static_cast<uint64_t>(lengths[q]);
        if (keys == 0 && !dead) {
          dead = true;
          first = {b, head, q};
        }
      }
    }
  }
  checks.expect(cuda::executed_pairs(words, shape, panels, lengths.data()) == pairs, "executed pairs");
  const auto found = cuda::find_dead_row(words, shape, panels);
  checks.expect(found.has_value() == dead && (!dead || (found->batch == first.batch && found->head == first.head &&
                                                        found->query_block == first.query_block)),
                "the first query block without a key");
}

void check_valid_keys(Checks& checks, Random& random) {
  const int tokens = 150, blocks = 3, heads = 4;
  std::vector<int32_t> tables = cuda::row_table({0, 64, 128, 150}, {});
  const std::vector<int32_t> other = cuda::row_table({0, 64, 128, 150}, random.permutation(tokens));
  tables.insert(tables.end(), other.begin(), other.end());
  const std::vector<int32_t> choice = {1, 0, 1, 0}, lengths = {150, 70, 1};
  const std::vector<int32_t> own =
      cuda::count_valid_keys(tables, blocks, 3, heads, heads, choice.data(), lengths.data());
  const std::vector<int32_t> shared = cuda::count_valid_keys(tables, blocks, 3, heads, 2, choice.data(), nullptr);
  bool right = own.size() == 36 && shared.size() == 18;
  for (int b = 0; right && b < 3; ++b) {
    for (int head = 0; head < heads; ++head) {
      for (int block = 0; block < blocks; ++block) {
        int expected = 0;
        for (int row = 0; row < 64; ++row) {
          const int token = tables[(choice[head] * blocks + block) * 64 + row];
          expected += token >= 0 && token < lengths[b];
        }
        right = right && own[(b * heads + head) * blocks + block] == expected;
        if (head < 2) right = right && shared[(b * 2 + head) * blocks + block] == (block < 2 ? 64 : 22);
      }
    }
  }
  checks.expect(right, "valid keys are counted in each head's order");
}

}  // namespace

int main() {
  Checks checks;
  Random random(3);
  for (const double density : {0.0, 0.05, 0.4, 1.0}) {
    for (const int key_blocks : {1, 7, 32, 33, 130}) {
      for (const int query_blocks : {1, 2, 5}) {
        const Mask shared(random, 1, 6, query_blocks, key_blocks, density);
        const Mask own(random, 2, 4, query_blocks, key_blocks, density);
        check_words(checks, shared);
        check_words(checks, own);
        for (const size_t panels : {size_t{0}, size_t{1}, size_t{2}, size_t{100}}) {
          check_order(checks, shared, 2, 3, panels);
          check_order(checks, own, 2, 4, panels);
        }
        check_counts(checks, random, shared, 2, 3);
        check_counts(checks, random, own, 2, 4);
      }
    }
  }
  check_valid_keys(checks, random);
  return checks.finish();
}
