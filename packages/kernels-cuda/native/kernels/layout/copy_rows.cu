// slice and concat: rows of units from one pitch to another.
#include "elementwise/flat.h"
#include "layout/movement.h"
#include "layout/unit.h"

namespace paroattn {
namespace cuda {
namespace {

// All sizes in bytes.
struct RowCopy {
  const uint8_t* source;
  uint8_t* target;
  int64_t rows;
  int64_t width;
  int64_t source_pitch;
  int64_t target_pitch;
};

// Sizes in units. Index: a type in which the units of the copy can be counted.
template <class Unit, class Index>
struct CopyRows {
  const Unit* source;
  Unit* target;
  Index width;
  int64_t source_pitch;
  int64_t target_pitch;

  template <int kWidth>
  __device__ __forceinline__ void compute(int64_t unit) const {
    static_assert(kWidth == 1, "a thread moves one unit at a time");
    const Index index = static_cast<Index>(unit);
    const int64_t row = index / width;
    const int64_t column = index % width;
    target[row * target_pitch + column] = source[row * source_pitch + column];
  }
};

template <int kBytes>
cudaError_t start(const RowCopy& copy, cudaStream_t stream) {
  using Unit = typename UnitOf<kBytes>::Type;
  const auto* source = reinterpret_cast<const Unit*>(copy.source);
  auto* target = reinterpret_cast<Unit*>(copy.target);
  const int64_t width = copy.width / kBytes, count = copy.rows * width;
  const int64_t source_pitch = copy.source_pitch / kBytes, target_pitch = copy.target_pitch / kBytes;
  if (count < kSmallCount) {
    const CopyRows<Unit, uint32_t> body{source, target, static_cast<uint32_t>(width), source_pitch, target_pitch};
    return launch_flat<1>(body, count, stream);
  }
  const CopyRows<Unit, int64_t> body{source, target, width, source_pitch, target_pitch};
  return launch_flat<1>(body, count, stream);
}

cudaError_t copy_rows(const RowCopy& copy, cudaStream_t stream) {
  if (copy.rows == 0 || copy.width == 0) return cudaSuccess;
  if (copy.source == nullptr || copy.target == nullptr) return cudaErrorInvalidValue;
  WidestUnit unit;
  unit.divides(copy.source);
  unit.divides(copy.target);
  for (const int64_t bytes : {copy.width, copy.source_pitch, copy.target_pitch}) {
    unit.divides(static_cast<uint64_t>(bytes));
  }
  switch (unit.bytes()) {
    case 16: return start<16>(copy, stream);
    case 8: return start<8>(copy, stream);
    case 4: return start<4>(copy, stream);
    default: return start<2>(copy, stream);
  }
}

bool is_element(Element element) {
  return element == Element::kF32 || element == Element::kF16 || element == Element::kBF16;
}

}  // namespace

cudaError_t slice(const SliceProblem& problem, cudaStream_t stream) {
  const bool within = 0 <= problem.start && problem.start <= problem.end && problem.end <= problem.inner;
  if (!is_element(problem.element) || problem.outer < 0 || !within) return cudaErrorInvalidValue;
  if (problem.outer == 0 || problem.start == problem.end) return cudaSuccess;
  if (problem.input == nullptr) return cudaErrorInvalidValue;
  const auto bytes = static_cast<int64_t>(size_of(problem.element));
  const int64_t width = (problem.end - problem.start) * bytes;
  return copy_rows({static_cast<const uint8_t*>(problem.input) + problem.start * bytes,
                    static_cast<uint8_t*>(problem.output), problem.outer, width, problem.inner * bytes, width},
                   stream);
}

cudaError_t concat(const ConcatProblem& problem, cudaStream_t stream) {
  if (!is_element(problem.element) || problem.outer < 0 || problem.count < 1) return cudaErrorInvalidValue;
  if (problem.inputs == nullptr || problem.inner == nullptr) return cudaErrorInvalidValue;
  const auto bytes = static_cast<int64_t>(size_of(problem.element));
  int64_t row = 0;
  for (int i = 0; i < problem.count; ++i) {
    if (problem.inner[i] < 0) return cudaErrorInvalidValue;
    row += problem.inner[i] * bytes;
  }
  if (problem.outer * row == 0) return cudaSuccess;
  if (problem.output == nullptr) return cudaErrorInvalidValue;
  int64_t at = 0;
  for (int i = 0; i < problem.count; ++i) {
    const int64_t width = problem.inner[i] * bytes;
    const cudaError_t error =
        copy_rows({static_cast<const uint8_t*>(problem.inputs[i]), static_cast<uint8_t*>(problem.output) + at,
                   problem.outer, width, width, row},
                  stream);
    if (error != cudaSuccess) return error;
    at += width;
  }
  return cudaSuccess;
}

}  // namespace cuda
}  // namespace paroattn
