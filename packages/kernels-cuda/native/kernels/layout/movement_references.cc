// The movements on the host, byte by byte: the oracles of their kernels.
#include <cstring>

#include "layout/movement.h"

namespace paroattn {
namespace cuda {
namespace {

void copy(void* target, int64_t to, const void* source, int64_t from, int64_t count, Element element) {
  if (count == 0) return;
  const auto bytes = static_cast<int64_t>(size_of(element));
  std::memcpy(static_cast<uint8_t*>(target) + to * bytes, static_cast<const uint8_t*>(source) + from * bytes,
              static_cast<size_t>(count * bytes));
}

}  // namespace

void permute_reference(const PermuteProblem& problem) {
  int64_t count = 1, strides[kMaxAxes] = {};
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    strides[axis] = count;
    count *= problem.shape[axis];
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, from = 0;
    for (int axis = problem.rank - 1; axis >= 0; --axis) {
      const int64_t size = problem.shape[problem.axes[axis]];
      from += rest % size * strides[problem.axes[axis]];
      rest /= size;
    }
    copy(problem.output, i, problem.input, from, 1, problem.element);
  }
}

void concat_reference(const ConcatProblem& problem) {
  int64_t at = 0;
  for (int64_t row = 0; row < problem.outer; ++row) {
    for (int i = 0; i < problem.count; ++i) {
      const int64_t inner = problem.inner[i];
      copy(problem.output, at, problem.inputs[i], row * inner, inner, problem.element);
      at += inner;
    }
  }
}

void slice_reference(const SliceProblem& problem) {
  const int64_t width = problem.end - problem.start;
  for (int64_t row = 0; row < problem.outer; ++row) {
    copy(problem.output, row * width, problem.input, row * problem.inner + problem.start, width, problem.element);
  }
}

}  // namespace cuda
}  // namespace paroattn
