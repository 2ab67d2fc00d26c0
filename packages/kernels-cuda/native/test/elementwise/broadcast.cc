// a + b and a * b over shapes that broadcast, and how their axes are merged.
#include "elementwise/broadcast.h"

#include "elementwise/numbers.h"

using namespace paroattn;
using namespace paroattn::test;
using cuda::BinaryOperation;
using cuda::BinaryProblem;
using Shape = std::vector<int64_t>;

namespace {

int64_t elements(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

void set_shapes(BinaryProblem& problem, const Shape& shape, const Shape& a, const Shape& b) {
  problem.rank = static_cast<int>(shape.size());
  std::copy(shape.begin(), shape.end(), problem.shape);
  std::copy(a.begin(), a.end(), problem.a_shape);
  std::copy(b.begin(), b.end(), problem.b_shape);
}

Shape broadcast_of(const Shape& a, const Shape& b) {
  Shape shape(a.size());
  for (size_t axis = 0; axis < a.size(); ++axis) shape[axis] = a[axis] == 1 ? b[axis] : a[axis];
  return shape;
}

std::string text(const Shape& shape) {
  std::string out = "[";
  for (const int64_t size : shape) out += std::to_string(size) + " ";
  return out + "]";
}

struct Shifts {
  int a, b, output;
};

void check(Checks& checks, Element element, const Shape& a_shape, const Shape& b_shape, Shifts shifts = {0, 0, 0}) {
  const Shape shape = broadcast_of(a_shape, b_shape);
  Random random(static_cast<uint64_t>(elements(shape)) + a_shape.size());
  Numbers a(element, elements(a_shape), shifts.a), b(element, elements(b_shape), shifts.b);
  fill(a, random);
  fill(b, random);
  for (const BinaryOperation operation : {BinaryOperation::kAdd, BinaryOperation::kMultiply}) {
    Numbers found(element, elements(shape), shifts.output), wanted(element, elements(shape));
    found.upload();
    BinaryProblem problem;
    problem.element = element;
    problem.operation = operation;
    set_shapes(problem, shape, a_shape, b_shape);
    problem.a = a.device();
    problem.b = b.device();
    problem.output = found.device();
    const std::string name = std::string(name_of(element)) + (operation == BinaryOperation::kAdd ? " + " : " * ") +
                             text(a_shape) + text(b_shape);
    must(cuda::binary(problem, nullptr), name.c_str());
    must(cudaDeviceSynchronize(), name.c_str());
    checks.expect(found.download(), name + " stays within its output");
    problem.a = a.host();
    problem.b = b.host();
    problem.output = wanted.host();
    cuda::binary_reference(problem);
    // One rounding of the exact result; by way of f32 too, which has more than twice the digits.
    expect_same(checks, found, wanted, name);
  }
}

void check_shapes(Checks& checks) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{}, {}},
      {{1}, {1}},
      {{7}, {7}},
      {{8}, {8}},
      {{1031}, {1031}},
      {{3, 5, 17}, {3, 5, 17}},
      {{2, 9, 33}, {1, 1, 33}},
      {{2, 9, 32}, {1, 1, 32}},
      {{1, 1, 7}, {2, 6, 1}},
      {{1, 1, 8}, {2, 6, 1}},
      {{2, 1, 40}, {2, 13, 40}},
      {{4, 8, 3, 5}, {1, 8, 1, 1}},
      {{1, 1}, {3, 11}},
      {{3, 16}, {3, 1}},
      {{2, 3, 1, 5, 1, 2, 1, 4}, {2, 1, 3, 1, 2, 1, 3, 1}},
      {{3, 0, 5}, {3, 1, 5}},
      {{1, 1, 64}, {3, 5, 64}},
      {{130, 1, 24}, {130, 3, 1}},
  };
  for (const Element element : kElements) {
    for (const auto& [a, b] : shapes) {
      check(checks, element, a, b);
      check(checks, element, b, a);
    }
  }
}

void check_alignment(Checks& checks) {
  for (const Element element : kElements) {
    for (const Shifts shifts : {Shifts{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {3, 2, 1}, {8, 8, 8}}) {
      check(checks, element, {4, 48}, {4, 48}, shifts);
      check(checks, element, {4, 48}, {1, 48}, shifts);
      check(checks, element, {4, 48}, {4, 1}, shifts);
    }
  }
}

// Every pair of special numbers.
void check_special(Checks& checks) {
  for (const Element element : kElements) {
    const std::vector<double> values = special_values(element);
    const auto count = static_cast<int64_t>(values.size());
    Numbers a(element, count), b(element, count);
    for (int64_t i = 0; i < count; ++i) {
      a.set(i, values[static_cast<size_t>(i)]);
      b.set(i, values[static_cast<size_t>(i)]);
    }
    a.upload();
    b.upload();
    for (const BinaryOperation operation : {BinaryOperation::kAdd, BinaryOperation::kMultiply}) {
      Numbers found(element, count * count), wanted(element, count * count);
      BinaryProblem problem;
      problem.element = element;
      problem.operation = operation;
      set_shapes(problem, {count, count}, {count, 1}, {1, count});
      problem.a = a.device();
      problem.b = b.device();
      problem.output = found.device();
      must(cuda::binary(problem, nullptr), "binary");
      must(cudaDeviceSynchronize(), "binary");
      found.download();
      problem.a = a.host();
      problem.b = b.host();
      problem.output = wanted.host();
      cuda::binary_reference(problem);
      expect_same(checks, found, wanted, std::string("special numbers in ") + name_of(element));
    }
  }
}

void check_in_place(Checks& checks) {
  Random random(5);
  Numbers a(Element::kBF16, 6 * 24), b(Element::kBF16, 24), wanted(Element::kBF16, 6 * 24);
  fill(a, random);
  fill(b, random);
  BinaryProblem problem;
  problem.element = Element::kBF16;
  set_shapes(problem, {6, 24}, {6, 24}, {1, 24});
  problem.a = a.host();
  problem.b = b.host();
  problem.output = wanted.host();
  cuda::binary_reference(problem);
  problem.a = a.device();
  problem.b = b.device();
  problem.output = a.device();
  must(cuda::binary(problem, nullptr), "in place");
  must(cudaDeviceSynchronize(), "in place");
  a.download();
  expect_same(checks, a, wanted, "in place");
}

void check_merge(Checks& checks) {
  const auto rank = [](const Shape& a, const Shape& b) {
    BinaryProblem problem;
    set_shapes(problem, broadcast_of(a, b), a, b);
    cuda::Broadcast axes;
    return cuda::merge_axes(problem, axes) ? axes.rank : -1;
  };
  checks.expect(rank({2, 3, 4, 5}, {2, 3, 4, 5}) == 1, "equal shapes are one axis");
  checks.expect(rank({2, 3, 4, 5}, {1, 1, 1, 5}) == 2, "a row over rows is two axes");
  checks.expect(rank({2, 3, 4, 5}, {2, 3, 1, 1}) == 2, "a number a row is two axes");
  checks.expect(rank({2, 3, 4, 5}, {1, 3, 1, 5}) == 4, "every other axis stays apart");
  checks.expect(rank({2, 1, 4, 1}, {2, 1, 4, 1}) == 1, "axes of size 1 vanish");
  checks.expect(rank({1, 1}, {1, 1}) == 1, "a single number has an axis");
}

void check_refusals(Checks& checks) {
  Numbers numbers(Element::kF32, 6);
  numbers.upload();
  BinaryProblem good;
  set_shapes(good, {2, 3}, {2, 3}, {1, 3});
  good.a = good.b = numbers.device();
  good.output = numbers.device();
  const auto refuses = [&](const std::string& what, auto change) {
    BinaryProblem problem = good;
    change(problem);
    checks.expect(cuda::binary(problem, nullptr) == cudaErrorInvalidValue, "refuses " + what);
  };
  refuses("more axes than it has", [](auto& p) { p.rank = cuda::kMaxAxes + 1; });
  refuses("fewer axes than none", [](auto& p) { p.rank = -1; });
  refuses("shapes that do not broadcast", [](auto& p) { p.b_shape[1] = 2; });
  refuses("a negative size", [](auto& p) { p.shape[0] = p.a_shape[0] = -2; });
  refuses("a missing operand", [](auto& p) { p.b = nullptr; });
  refuses("a missing output", [](auto& p) { p.output = nullptr; });
  refuses("another type", [](auto& p) { p.element = static_cast<Element>(7); });
  refuses("another operation", [](auto& p) { p.operation = static_cast<BinaryOperation>(7); });
}

}  // namespace

int main() {
  Checks checks;
  check_shapes(checks);
  check_alignment(checks);
  check_special(checks);
  check_in_place(checks);
  check_merge(checks);
  check_refusals(checks);
  return checks.finish();
}
