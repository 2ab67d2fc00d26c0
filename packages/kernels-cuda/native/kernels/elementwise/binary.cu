#include "elementwise/binary.h"

#include "elementwise/broadcast.h"
#include "elementwise/flat.h"
#include "elementwise/vector.h"

namespace paroattn {
namespace cuda {
namespace {

template <BinaryOperation kOperation>
__device__ __forceinline__ float apply(float a, float b) {
  return kOperation == BinaryOperation::kAdd ? a + b : a * b;
}

// [kWidth] numbers along the innermost axis, or one number for all of them.
template <int kWidth, class T>
__device__ __forceinline__ void load_inner(const T* source, bool broadcast, float (&values)[kWidth]) {
  if (!broadcast) return load(source, values);
  const float value = to_float(*source);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) values[i] = value;
}

// Both operands have the result's shape.
template <class T, BinaryOperation kOperation>
struct SameShape {
  const T* a;
  const T* b;
  T* output;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    float left[kWidth], right[kWidth];
    load(a + first, left);
    load(b + first, right);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) left[i] = apply<kOperation>(left[i], right[i]);
    store(left, output + first);
  }
};

// Index: a type in which the result's elements can be counted. A vector lies within the innermost axis.
template <class T, BinaryOperation kOperation, class Index>
struct Broadcasting {
  const T* a;
  const T* b;
  T* output;
  Broadcast axes;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t first) const {
    Index rest = static_cast<Index>(first);
    int64_t a_offset = 0, b_offset = 0;
    for (int axis = axes.rank - 1; axis > 0; --axis) {
      const Index size = static_cast<Index>(axes.size[axis]);
      const Index position = rest % size;
      rest /= size;
      a_offset += position * axes.a_stride[axis];
      b_offset += position * axes.b_stride[axis];
    }
    a_offset += rest * axes.a_stride[0];
    b_offset += rest * axes.b_stride[0];
    float left[kWidth], right[kWidth];
    load_inner(a + a_offset, axes.a_stride[axes.rank - 1] == 0, left);
    load_inner(b + b_offset, axes.b_stride[axes.rank - 1] == 0, right);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) left[i] = apply<kOperation>(left[i], right[i]);
    store(left, output + first);
  }
};

template <class T, class Body>
cudaError_t start_body(const Body& body, const Broadcast& axes, cudaStream_t stream) {
  constexpr int kWidth = kWidestVector<T>;
  const int inner = axes.rank - 1;
  // A row starts at a multiple of its length in whatever operand is not broadcast along it.
  const bool wide = (axes.rank == 1 || axes.size[inner] % kWidth == 0) && is_aligned(body.output, 16) &&
                    (axes.a_stride[inner] == 0 || is_aligned(body.a, 16)) &&
                    (axes.b_stride[inner] == 0 || is_aligned(body.b, 16));
  return wide ? launch_flat<kWidth>(body, axes.count, stream) : launch_flat<1>(body, axes.count, stream);
}

template <class T, BinaryOperation kOperation>
cudaError_t start(const BinaryProblem& problem, const Broadcast& axes, cudaStream_t stream) {
  const auto* a = static_cast<const T*>(problem.a);
  const auto* b = static_cast<const T*>(problem.b);
  auto* output = static_cast<T*>(problem.output);
  if (axes.rank == 1 && axes.a_stride[0] == 1 && axes.b_stride[0] == 1) {
    return start_body<T>(SameShape<T, kOperation>{a, b, output}, axes, stream);
  }
  if (axes.count < kSmallCount) {
    return start_body<T>(Broadcasting<T, kOperation, uint32_t>{a, b, output, axes}, axes, stream);
  }
  return start_body<T>(Broadcasting<T, kOperation, int64_t>{a, b, output, axes}, axes, stream);
}

template <class T>
cudaError_t start_operation(const BinaryProblem& problem, const Broadcast& axes, cudaStream_t stream) {
  switch (problem.operation) {
    case BinaryOperation::kAdd: return start<T, BinaryOperation::kAdd>(problem, axes, stream);
    case BinaryOperation::kMultiply: return start<T, BinaryOperation::kMultiply>(problem, axes, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t binary(const BinaryProblem& problem, cudaStream_t stream) {
  Broadcast axes;
  if (!merge_axes(problem, axes)) return cudaErrorInvalidValue;
  if (axes.count == 0) return cudaSuccess;
  if (problem.a == nullptr || problem.b == nullptr || problem.output == nullptr) return cudaErrorInvalidValue;
  switch (problem.element) {
    case Element::kF32: return start_operation<float>(problem, axes, stream);
    case Element::kF16: return start_operation<Half>(problem, axes, stream);
    case Element::kBF16: return start_operation<BFloat16>(problem, axes, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
