// Shapes of any rank in the fixed arrays of problems.
#ifndef PAROATTN_CUDA_ADDON_OPERATORS_SHAPES_H_
#define PAROATTN_CUDA_ADDON_OPERATORS_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "arguments.h"
#include "common/axes.h"

namespace paroattn {
namespace cuda {

// Returns the rank.
template <class Size>
int copy_axes(const Arguments& arguments, const char* name, const std::vector<int64_t>& from, Size (&to)[kMaxAxes]) {
  if (from.size() > kMaxAxes) arguments.fail(name, "at most " + std::to_string(kMaxAxes) + " axes");
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<Size>(from[i]);
  return static_cast<int>(from.size());
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_OPERATORS_SHAPES_H_
