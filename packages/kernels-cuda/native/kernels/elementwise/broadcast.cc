#include "elementwise/broadcast.h"

#include <algorithm>

namespace paroattn {
namespace cuda {
namespace {

bool broadcasts(int64_t size, int64_t to) { return to >= 0 && (size == to || size == 1); }

// Puts an axis around the others.
void push_front(Broadcast& broadcast, int64_t size, int64_t a_stride, int64_t b_stride) {
  std::copy_backward(broadcast.size, broadcast.size + broadcast.rank, broadcast.size + broadcast.rank + 1);
  std::copy_backward(broadcast.a_stride, broadcast.a_stride + broadcast.rank,
                     broadcast.a_stride + broadcast.rank + 1);
  std::copy_backward(broadcast.b_stride, broadcast.b_stride + broadcast.rank,
                     broadcast.b_stride + broadcast.rank + 1);
  broadcast.size[0] = size;
  broadcast.a_stride[0] = a_stride;
  broadcast.b_stride[0] = b_stride;
  ++broadcast.rank;
}

// Whether an axis that lies around axis 0 runs on where that ends, in both operands.
bool continues(const Broadcast& broadcast, int64_t a_stride, int64_t b_stride) {
  return a_stride == broadcast.a_stride[0] * broadcast.size[0] &&
         b_stride == broadcast.b_stride[0] * broadcast.size[0];
}

}  // namespace

bool merge_axes(const BinaryProblem& problem, Broadcast& broadcast) {
  if (problem.rank < 0 || problem.rank > kMaxAxes) return false;
  int64_t count = 1;
  for (int axis = 0; axis < problem.rank; ++axis) {
    const int64_t size = problem.shape[axis];
    if (!broadcasts(problem.a_shape[axis], size) || !broadcasts(problem.b_shape[axis], size)) return false;
    count *= size;
  }
  broadcast = Broadcast{};
  broadcast.count = count;
  if (count == 0) return true;
  int64_t a_elements = 1, b_elements = 1;  // of the axes inside
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    const int64_t size = problem.shape[axis];
    const int64_t a_stride = problem.a_shape[axis] == 1 ? 0 : a_elements;
    const int64_t b_stride = problem.b_shape[axis] == 1 ? 0 : b_elements;
    a_elements *= problem.a_shape[axis];
    b_elements *= problem.b_shape[axis];
    if (size == 1) continue;
    if (broadcast.rank > 0 && continues(broadcast, a_stride, b_stride)) {
      broadcast.size[0] *= size;
    } else {
      push_front(broadcast, size, a_stride, b_stride);
    }
  }
  if (broadcast.rank == 0) push_front(broadcast, 1, 1, 1);
  return true;
}

}  // namespace cuda
}  // namespace paroattn
