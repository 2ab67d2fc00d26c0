// The axes of a permutation, merged to as few as possible.
#ifndef PAROATTN_CUDA_LAYOUT_MOVED_AXES_H_
#define PAROATTN_CUDA_LAYOUT_MOVED_AXES_H_

#include <cstdint>

#include "common/axes.h"
#include "layout/movement.h"

namespace paroattn {
namespace cuda {

// In the order of the output; axis rank - 1 is its innermost. One of the axes has the input stride 1.
struct MovedAxes {
  int rank = 0;       // 1 .. kMaxAxes
  int64_t count = 0;  // elements
  int64_t size[kMaxAxes] = {};
  int64_t input_stride[kMaxAxes] = {};   // in elements
  int64_t output_stride[kMaxAxes] = {};  // in elements
};

// False where the axes are no permutation, or the rank is out of bounds. With a count of 0 the rest is not set.
bool merge_axes(const PermuteProblem& problem, MovedAxes& moved);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_LAYOUT_MOVED_AXES_H_
