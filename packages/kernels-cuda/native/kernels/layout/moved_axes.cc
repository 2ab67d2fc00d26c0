#include "layout/moved_axes.h"

namespace paroattn {
namespace cuda {
namespace {

bool is_permutation(const PermuteProblem& problem) {
  unsigned seen = 0;
  for (int axis = 0; axis < problem.rank; ++axis) {
    if (problem.axes[axis] < 0 || problem.axes[axis] >= problem.rank) return false;
    seen |= 1u << problem.axes[axis];
  }
  return seen == (1u << problem.rank) - 1u;
}

}  // namespace

bool merge_axes(const PermuteProblem& problem, MovedAxes& moved) {
  if (problem.rank < 0 || problem.rank > kMaxAxes || !is_permutation(problem)) return false;
  int64_t strides[kMaxAxes] = {};
  int64_t count = 1;
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    if (problem.shape[axis] < 0) return false;
    strides[axis] = count;
    count *= problem.shape[axis];
  }
  moved = MovedAxes{};
  moved.count = count;
  if (count == 0) return true;
  for (int axis = 0; axis < problem.rank; ++axis) {
    const int64_t size = problem.shape[problem.axes[axis]], stride = strides[problem.axes[axis]];
    if (size == 1) continue;
    const int last = moved.rank - 1;
    if (last >= 0 && moved.input_stride[last] == stride * size) {
      moved.size[last] *= size;
      moved.input_stride[last] = stride;
    } else {
      moved.size[moved.rank] = size;
      moved.input_stride[moved.rank++] = stride;
    }
  }
  if (moved.rank == 0) {
    moved.rank = 1;
    moved.size[0] = moved.input_stride[0] = 1;
  }
  int64_t elements = 1;
  for (int axis = moved.rank - 1; axis >= 0; --axis) {
    moved.output_stride[axis] = elements;
    elements *= moved.size[axis];
  }
  return true;
}

}  // namespace cuda
}  // namespace paroattn
