#include <algorithm>
#include <cassert>
#include <numeric>

#include "attention.h"
#include "operands.h"

namespace paroattn {
namespace attention {

std::unique_ptr<Mask> prepare_mask(const uint8_t* bits, size_t batch, size_t heads, size_t query_blocks,
                                   size_t key_blocks) {
  assert(key_blocks <= 65536);
  auto mask = std::unique_ptr<Mask>(new Mask());
  mask->batch_ = batch;
  mask->heads_ = heads;
  mask->query_blocks_ = query_blocks;
  mask->key_blocks_ = key_blocks;
  const size_t rows = batch * heads * query_blocks;
  const size_t head_bytes = (query_blocks * key_blocks + 7) / 8;
  mask->offsets_.reserve(rows + 1);
  mask->offsets_.push_back(0);
  for (size_t row = 0; row < rows; ++row) {
    const uint8_t* head = bits + row / query_blocks * head_bytes;
    size_t bit = row % query_blocks * key_blocks;
    for (size_t kb = 0; kb < key_blocks; ++kb, ++bit) {
      if (head[bit >> 3] >> (bit & 7) & 1) mask->live_.push_back(static_cast<uint16_t>(kb));
    }
    mask->offsets_.push_back(mask->live_.size());
  }
  mask->live_.shrink_to_fit();

  // Head after head, so that threads share its panels in the cache; within a head the long rows first, so that
  // what is left at the very end is short.
  mask->work_.resize(rows);
  std::iota(mask->work_.begin(), mask->work_.end(), 0u);
  for (size_t first = 0; first < rows; first += query_blocks) {
    const auto begin = mask->work_.begin() + static_cast<std::ptrdiff_t>(first);
    std::stable_sort(begin, begin + static_cast<std::ptrdiff_t>(query_blocks), [&](uint32_t left, uint32_t right) {
      return mask->live_count(left) > mask->live_count(right);
    });
  }
  return mask;
}

size_t Mask::bytes() const noexcept {
  return offsets_.capacity() * sizeof(offsets_[0]) + live_.capacity() * sizeof(live_[0]) +
         work_.capacity() * sizeof(work_[0]);
}

bool every_query_has_a_live_key(const Operands& operands, const Mask& mask) noexcept {
  for (size_t b = 0; b < operands.batch; ++b) {
    for (size_t h = 0; h < operands.heads; ++h) {
      const size_t order = operands.order_of_head[h];
      for (size_t qb = 0; qb < operands.query_blocks; ++qb) {
        const size_t row = mask.row(b, h, qb);
        const uint16_t* live = mask.live(row);
        const bool found = std::any_of(live, live + mask.live_count(row), [&](uint16_t kb) {
          return operands.validity(b, order, kb).count > 0;
        });
        if (!found) return false;
      }
    }
  }
  return true;
}

double executed_pairs(const Operands& operands, const Mask* mask) noexcept {
  double pairs = 0;
  for (size_t b = 0; b < operands.batch; ++b) {
    for (size_t h = 0; h < operands.heads; ++h) {
      const size_t order = operands.order_of_head[h];
      for (size_t qb = 0; qb < operands.query_blocks; ++qb) {
        const size_t row = mask ? mask->row(b, h, qb) : 0;
        const size_t count = mask ? mask->live_count(row) : operands.key_blocks;
        size_t keys = 0;
        for (size_t i = 0; i < count; ++i) keys += operands.validity(b, order, mask ? mask->live(row)[i] : i).count;
        pairs += static_cast<double>(keys) * static_cast<double>(operands.query_rows(qb));
      }
    }
  }
  return pairs;
}

}  // namespace attention
}  // namespace paroattn
