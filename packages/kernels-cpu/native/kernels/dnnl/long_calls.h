// oneDNN's calls cannot be stopped. Long ones are cut into pieces, between which the cancel flag is looked at.
#ifndef PAROATTN_DNNL_LONG_CALLS_H_
#define PAROATTN_DNNL_LONG_CALLS_H_

#include <algorithm>
#include <cstddef>

namespace paroattn {

// Multiplications and additions of one call: a tenth of a second at 200 GFLOP/s, and enough to fill any cache.
constexpr double kOperationsPerCall = 2e10;

// Rows of one call, of `rows` in all, where each costs so many operations: equal pieces but for the last.
inline size_t rows_per_call(size_t rows, double operations_per_row) {
  const double most = std::max(1.0, kOperationsPerCall / std::max(1.0, operations_per_row));
  if (static_cast<double>(rows) <= most) return rows;
  const size_t calls = (rows + static_cast<size_t>(most) - 1) / static_cast<size_t>(most);
  return (rows + calls - 1) / calls;
}

}  // namespace paroattn

#endif  // PAROATTN_DNNL_LONG_CALLS_H_
