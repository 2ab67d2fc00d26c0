#include "front/row_table.h"

#include <limits>
#include <stdexcept>
#include <string>

#include "attention/packed.h"

namespace paroattn {
namespace cuda {
namespace {

void check_starts(const std::vector<uint32_t>& starts) {
  if (starts.size() < 2 || starts.front() != 0) {
    throw std::invalid_argument("row_table: expected starts of at least one block, from 0");
  }
  if (starts.back() > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
    throw std::invalid_argument("row_table: expected fewer than 2^31 tokens but found " + std::to_string(starts.back()));
  }
  for (size_t block = 0; block + 1 < starts.size(); ++block) {
    const int64_t length = static_cast<int64_t>(starts[block + 1]) - starts[block];
    if (length < 1 || length > kBlock) {
      throw std::invalid_argument("row_table: expected 1 to 64 tokens in block " + std::to_string(block) + " but found " +
                                  std::to_string(length));
    }
  }
}

void check_gather(const std::vector<uint32_t>& gather, uint32_t tokens) {
  if (gather.size() != tokens) {
    throw std::invalid_argument("row_table: expected an order of " + std::to_string(tokens) + " tokens but found " +
                                std::to_string(gather.size()));
  }
  std::vector<bool> seen(tokens, false);
  for (const uint32_t token : gather) {
    if (token >= tokens || seen[token]) {
      throw std::invalid_argument("row_table: expected a permutation of " + std::to_string(tokens) +
                                  " tokens but found " + std::to_string(token) +
                                  (token >= tokens ? "" : " twice"));
    }
    seen[token] = true;
  }
}

}  // namespace

std::vector<int32_t> row_table(const std::vector<uint32_t>& starts, const std::vector<uint32_t>& gather) {
  check_starts(starts);
  if (!gather.empty()) check_gather(gather, starts.back());
  const size_t blocks = starts.size() - 1;
  std::vector<int32_t> rows(blocks * kBlock, -1);
  for (size_t block = 0; block < blocks; ++block) {
    for (uint32_t position = starts[block]; position < starts[block + 1]; ++position) {
      const uint32_t token = gather.empty() ? position : gather[position];
      rows[block * kBlock + (position - starts[block])] = static_cast<int32_t>(token);
    }
  }
  return rows;
}

}  // namespace cuda
}  // namespace paroattn
