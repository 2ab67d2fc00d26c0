// The axes of a broadcast result, merged to as few as possible, with the strides of its two operands.
#ifndef PAROATTN_CUDA_ELEMENTWISE_BROADCAST_H_
#define PAROATTN_CUDA_ELEMENTWISE_BROADCAST_H_

#include <cstdint>

#include "common/axes.h"
#include "elementwise/binary.h"

namespace paroattn {
namespace cuda {

// Axis rank - 1 is the innermost; its strides are 1, or 0 where the operand is broadcast.
struct Broadcast {
  int rank = 0;       // 1 .. kMaxAxes
  int64_t count = 0;  // elements of the result
  int64_t size[kMaxAxes] = {};
  int64_t a_stride[kMaxAxes] = {};  // in elements
  int64_t b_stride[kMaxAxes] = {};
};

// False where the shapes do not broadcast to the result's, or the rank is out of bounds. With a count of 0 the rest of
// `broadcast` is not set.
bool merge_axes(const BinaryProblem& problem, Broadcast& broadcast);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_BROADCAST_H_
