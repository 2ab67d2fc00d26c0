// Numbers that only move, bit by bit as they are.
#ifndef PAROATTN_CUDA_LAYOUT_MOVEMENT_H_
#define PAROATTN_CUDA_LAYOUT_MOVEMENT_H_

#include <cstdint>

#include "common/axes.h"
#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

// Output axis i is input axis axes[i].
struct PermuteProblem {
  Element element = Element::kF32;
  int rank = 0;                  // 0 .. kMaxAxes
  int64_t shape[kMaxAxes] = {};  // of the input
  int axes[kMaxAxes] = {};
  const void* input = nullptr;
  void* output = nullptr;  // does not overlap the input
};

// The inputs one after the other along an axis: input i is [outer, inner[i]], where inner counts the elements from that
// axis on; the output is [outer, sum of inner].
struct ConcatProblem {
  Element element = Element::kF32;
  int64_t outer = 0;
  int count = 0;                         // inputs
  const void* const* inputs = nullptr;   // [count] on the host, read at the call
  const int64_t* inner = nullptr;        // [count] on the host, read at the call
  void* output = nullptr;                // overlaps none of the inputs
};

// Elements start .. end - 1 of each row of [outer, inner].
struct SliceProblem {
  Element element = Element::kF32;
  int64_t outer = 0;
  int64_t inner = 0;
  int64_t start = 0;
  int64_t end = 0;
  const void* input = nullptr;
  void* output = nullptr;  // [outer, end - start]; does not overlap the input
};

// Enqueue one kernel (concat: one an input). An empty result enqueues nothing.
cudaError_t permute(const PermuteProblem& problem, cudaStream_t stream);
cudaError_t concat(const ConcatProblem& problem, cudaStream_t stream);
cudaError_t slice(const SliceProblem& problem, cudaStream_t stream);

// The same on host pointers.
void permute_reference(const PermuteProblem& problem);
void concat_reference(const ConcatProblem& problem);
void slice_reference(const SliceProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_LAYOUT_MOVEMENT_H_
