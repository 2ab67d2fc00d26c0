// Tables of rows: which token of the sequence a packed row holds. Host only.
#ifndef PAROATTN_CUDA_FRONT_ROW_TABLE_H_
#define PAROATTN_CUDA_FRONT_ROW_TABLE_H_

#include <cstdint>
#include <vector>

namespace paroattn {
namespace cuda {

// The table of one order, [blocks * 64]: the token in sequence order, -1 for padding, the tokens first in their block.
// Tables of several orders one behind the other are PackedOperands::query_rows (and FrontProblem::key_rows).
//
// starts: [blocks + 1], where each block starts in the order, then the count of tokens; blocks hold 1 to 64 tokens.
// gather: [tokens], position i of the order holds token gather[i]; empty: sequence order.
// Throws std::invalid_argument where starts cut no sequence into such blocks, or gather is not a permutation of its tokens.
std::vector<int32_t> row_table(const std::vector<uint32_t>& starts, const std::vector<uint32_t>& gather);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_ROW_TABLE_H_
