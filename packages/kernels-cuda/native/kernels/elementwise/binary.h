// a + b and a * b with NumPy's broadcasting.
#ifndef PAROATTN_CUDA_ELEMENTWISE_BINARY_H_
#define PAROATTN_CUDA_ELEMENTWISE_BINARY_H_

#include <cstdint>

#include "common/axes.h"
#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

enum class BinaryOperation : int { kAdd = 0, kMultiply = 1 };

struct BinaryProblem {
  Element element = Element::kF32;  // of all three
  BinaryOperation operation = BinaryOperation::kAdd;
  int rank = 0;  // 0 .. kMaxAxes
  // Of the result, and of a and b with ones in front up to the rank; their sizes are the result's or 1.
  int64_t shape[kMaxAxes] = {};
  int64_t a_shape[kMaxAxes] = {};
  int64_t b_shape[kMaxAxes] = {};
  const void* a = nullptr;
  const void* b = nullptr;
  void* output = nullptr;  // may be a or b where that has the result's shape
};

// Enqueues the kernel. An empty result enqueues nothing.
cudaError_t binary(const BinaryProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, rounded once.
void binary_reference(const BinaryProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_BINARY_H_
