// The elementwise operators on the host, in double precision and rounded once: the oracles of their kernels.
#include <cmath>

#include "elementwise/activate.h"
#include "elementwise/add_gated.h"
#include "elementwise/binary.h"
#include "elementwise/cast.h"
#include "elementwise/combine.h"
#include "front/host_element.h"

namespace paroattn {
namespace cuda {
namespace {

double activated(double x, Activation activation) {
  constexpr double kPi = 3.14159265358979323846;
  switch (activation) {
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kGeluTanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / kPi) * (x + 0.044715 * x * x * x)));
    case Activation::kRelu: return x > 0 || std::isnan(x) ? x : 0;
  }
  return x;
}

// Where an element of the result lies in an operand of another shape.
int64_t operand_index(const BinaryProblem& problem, const int64_t (&shape)[kMaxAxes], int64_t index) {
  int64_t offset = 0, stride = 1;
  for (int axis = problem.rank - 1; axis >= 0; --axis) {
    const int64_t position = index % problem.shape[axis];
    index /= problem.shape[axis];
    if (shape[axis] != 1) offset += position * stride;
    stride *= shape[axis];
  }
  return offset;
}

}  // namespace

void activate_reference(const ActivateProblem& problem) {
  for (int64_t i = 0; i < problem.count; ++i) {
    const double x = element_at(problem.input, problem.element, i);
    store_element(activated(x, problem.activation), problem.element, i, problem.output);
  }
}

void add_gated_reference(const AddGatedProblem& problem) {
  const Element element = problem.element;
  for (int64_t b = 0, i = 0; b < problem.batch; ++b) {
    for (int64_t t = 0; t < problem.tokens; ++t) {
      for (int64_t c = 0; c < problem.channels; ++c, ++i) {
        const double gate = element_at(problem.gate, element, b * problem.channels + c);
        const double sum = element_at(problem.residual, element, i) + gate * element_at(problem.value, element, i);
        store_element(sum, element, i, problem.output);
      }
    }
  }
}

void binary_reference(const BinaryProblem& problem) {
  int64_t count = 1;
  for (int axis = 0; axis < problem.rank; ++axis) count *= problem.shape[axis];
  for (int64_t i = 0; i < count; ++i) {
    const double a = element_at(problem.a, problem.element, operand_index(problem, problem.a_shape, i));
    const double b = element_at(problem.b, problem.element, operand_index(problem, problem.b_shape, i));
    store_element(problem.operation == BinaryOperation::kAdd ? a + b : a * b, problem.element, i, problem.output);
  }
}

void cast_reference(const CastProblem& problem) {
  for (int64_t i = 0; i < problem.count; ++i) {
    store_element(element_at(problem.input, problem.from, i), problem.to, i, problem.output);
  }
}

void combine_reference(const CombineProblem& problem) {
  for (int64_t i = 0; i < problem.count; ++i) {
    double sum = 0;
    for (int term = 0; term < problem.term_count; ++term) {
      sum += static_cast<double>(problem.factors[term]) * element_at(problem.tensors[term], problem.element, i);
    }
    store_element(sum, problem.element, i, problem.output);
  }
}

}  // namespace cuda
}  // namespace paroattn
