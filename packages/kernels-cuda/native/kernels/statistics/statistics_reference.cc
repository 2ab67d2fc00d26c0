// The oracle of block_statistics: double precision, one entry of the softmax map after the other.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "front/host_element.h"
#include "statistics/statistics.h"

namespace paroattn {
namespace cuda {
namespace {

struct Tile {
  double sum = 0.0;
  double maximum = 0.0;
  double small = 0.0;
};

double dot(const double* a, const double* b, int count) {
  double sum = 0.0;
  for (int c = 0; c < count; ++c) sum += a[c] * b[c];
  return sum;
}

// One panel's packed rows as doubles.
std::vector<double> widened(const void* panels, Element element, int64_t panel, int64_t elements) {
  std::vector<double> values(static_cast<size_t>(elements));
  for (int64_t i = 0; i < elements; ++i) values[static_cast<size_t>(i)] = element_at(panels, element, panel * elements + i);
  return values;
}

}  // namespace

void block_statistics_reference(const StatisticsProblem& problem) {
  const PackedOperands& operands = problem.operands;
  const int packed_dim = packed_head_dim(operands.head_dim);
  const int64_t image = static_cast<int64_t>(kBlock) * packed_dim;
  for (int64_t panel = 0; panel < static_cast<int64_t>(operands.batch) * operands.heads; ++panel) {
    const int64_t batch_row = panel / operands.heads;
    const int head = static_cast<int>(panel % operands.heads);
    const int64_t key_panel = batch_row * operands.key_heads + key_head_of(head, operands.heads, operands.key_heads);
    const int64_t order = operands.order_choice == nullptr ? 0 : operands.order_choice[head];
    const std::vector<double> queries = widened(operands.query, operands.element, panel, operands.query_blocks * image);
    const std::vector<double> keys = widened(operands.key, operands.element, key_panel, operands.key_blocks * image);
    const int32_t* tokens = operands.query_rows + order * operands.query_blocks * kBlock;
    for (int query_block = 0; query_block < operands.query_blocks; ++query_block) {
      for (int key_block = 0; key_block < operands.key_blocks; ++key_block) {
        Tile tile;
        for (int q = query_block * kBlock; q < (query_block + 1) * kBlock; ++q) {
          if (tokens[q] < 0) continue;
          const double total = problem.log_sum_exp[panel * operands.query_tokens + tokens[q]];
          const int count = operands.key_counts[key_panel * operands.key_blocks + key_block];
          for (int k = key_block * kBlock; k < key_block * kBlock + count; ++k) {
            const double logit = operands.scale * dot(&queries[static_cast<size_t>(q) * packed_dim],
                                                      &keys[static_cast<size_t>(k) * packed_dim], packed_dim);
            const double entry = std::exp(logit - total);
            tile.sum += entry;
            tile.maximum = std::max(tile.maximum, entry);
            if (entry < problem.epsilon) tile.small += 1.0;
          }
        }
        const int64_t at = (panel * operands.query_blocks + query_block) * operands.key_blocks + key_block;
        problem.sum[at] = static_cast<float>(tile.sum);
        problem.maximum[at] = static_cast<float>(tile.maximum);
        problem.small_count[at] = static_cast<float>(tile.small);
      }
    }
  }
}

}  // namespace cuda
}  // namespace paroattn
