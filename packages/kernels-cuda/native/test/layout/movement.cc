// permute, concat and slice: bit by bit, in units of every width, over ragged tiles and misses of alignment.
#include "layout/movement.h"

#include "elementwise/numbers.h"
#include "layout/moved_axes.h"

using namespace paroattn;
using namespace paroattn::test;
using Shape = std::vector<int64_t>;

namespace {

// Any bytes at all: what moves is not looked at.
void fill_bytes(Numbers& numbers, uint64_t seed) {
  Random random(seed);
  for (size_t i = 0; i < numbers.bytes(); ++i) static_cast<uint8_t*>(numbers.host())[i] = random.next() & 0xff;
  numbers.upload();
}

void expect_bytes(Checks& checks, Numbers& found, const Numbers& wanted, const std::string& name) {
  must(cudaDeviceSynchronize(), name.c_str());
  checks.expect(found.download(), name + " stays within its output");
  checks.expect(found.stored() == wanted.stored(), name);
}

cuda::PermuteProblem permutation(Element element, const Shape& shape, const std::vector<int>& axes) {
  cuda::PermuteProblem problem;
  problem.element = element;
  problem.rank = static_cast<int>(shape.size());
  std::copy(shape.begin(), shape.end(), problem.shape);
  std::copy(axes.begin(), axes.end(), problem.axes);
  return problem;
}

void check_permute(Checks& checks, Element element, const Shape& shape, const std::vector<int>& axes, int shift = 0) {
  int64_t count = 1;
  std::string name = std::string("permute of ") + name_of(element) + ", shift " + std::to_string(shift) + ":";
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    count *= shape[axis];
    name += " " + std::to_string(shape[axis]) + "@" + std::to_string(axes[axis]);
  }
  Numbers input(element, count, shift), found(element, count), wanted(element, count);
  fill_bytes(input, static_cast<uint64_t>(count));
  found.upload();
  cuda::PermuteProblem problem = permutation(element, shape, axes);
  problem.input = input.device();
  problem.output = found.device();
  must(cuda::permute(problem, nullptr), name.c_str());
  problem.input = input.host();
  problem.output = wanted.host();
  cuda::permute_reference(problem);
  expect_bytes(checks, found, wanted, name);
}

void check_permutes(Checks& checks) {
  for (const Element element : {Element::kF32, Element::kBF16}) {
    check_permute(checks, element, {}, {});
    check_permute(checks, element, {7}, {0});
    check_permute(checks, element, {17, 33}, {1, 0});
    check_permute(checks, element, {64, 70}, {1, 0});
    check_permute(checks, element, {5, 7, 9}, {0, 2, 1});
    check_permute(checks, element, {5, 7, 9}, {2, 0, 1});
    check_permute(checks, element, {3, 40, 50}, {0, 2, 1});
    check_permute(checks, element, {20, 3, 33}, {2, 1, 0});
    check_permute(checks, element, {2, 6, 5, 16}, {0, 2, 1, 3});
    check_permute(checks, element, {2, 6, 5, 6}, {0, 2, 1, 3});
    check_permute(checks, element, {2, 6, 5, 3}, {0, 2, 1, 3});
    check_permute(checks, element, {2, 3, 4, 5}, {3, 2, 1, 0});
    check_permute(checks, element, {2, 6, 9, 2, 4}, {0, 4, 1, 3, 2});
    check_permute(checks, element, {2, 17, 2, 18, 3}, {4, 3, 0, 2, 1});
    check_permute(checks, element, {3, 1, 1, 4}, {0, 1, 2, 3});
    check_permute(checks, element, {2, 3, 2, 2, 3, 2, 2, 3}, {7, 0, 6, 1, 5, 2, 4, 3});
    check_permute(checks, element, {3, 0, 4}, {2, 1, 0});
    for (const int shift : {1, 2, 4}) {
      check_permute(checks, element, {4, 3, 16}, {1, 0, 2}, shift);
      check_permute(checks, element, {33, 34}, {1, 0}, shift);
    }
  }
}

void check_merge(Checks& checks) {
  const auto rank = [](const Shape& shape, const std::vector<int>& axes) {
    cuda::MovedAxes moved;
    return cuda::merge_axes(permutation(Element::kF32, shape, axes), moved) ? moved.rank : -1;
  };
  checks.expect(rank({2, 3, 4}, {0, 1, 2}) == 1, "nothing moved is one axis");
  checks.expect(rank({2, 3, 4, 5}, {2, 3, 0, 1}) == 2, "neighbours stay together");
  checks.expect(rank({2, 1, 4}, {2, 1, 0}) == 2, "axes of size 1 vanish");
  checks.expect(rank({2, 3}, {0, 0}) == -1, "an axis twice");
  checks.expect(rank({2, 3}, {0, 2}) == -1, "an axis beyond the last");
}

void check_slice(Checks& checks, Element element, Shape sizes, int shift) {
  const int64_t outer = sizes[0], inner = sizes[1], start = sizes[2], end = sizes[3];
  const std::string name = std::string("slice of ") + name_of(element) + " " + std::to_string(outer) + "x" +
                           std::to_string(inner) + " from " + std::to_string(start) + " to " + std::to_string(end) +
                           ", shift " + std::to_string(shift);
  Numbers input(element, outer * inner, shift), found(element, outer * (end - start)),
      wanted(element, outer * (end - start));
  fill_bytes(input, static_cast<uint64_t>(inner));
  found.upload();
  must(cuda::slice({element, outer, inner, start, end, input.device(), found.device()}, nullptr), name.c_str());
  cuda::slice_reference({element, outer, inner, start, end, input.host(), wanted.host()});
  expect_bytes(checks, found, wanted, name);
}

void check_concat(Checks& checks, Element element, int64_t outer, const Shape& inner, int shift) {
  std::string name = std::string("concat of ") + name_of(element) + " " + std::to_string(outer) + "x, shift " +
                     std::to_string(shift) + ":";
  std::vector<std::unique_ptr<Numbers>> inputs;
  std::vector<const void*> device, host;
  int64_t row = 0;
  for (const int64_t size : inner) {
    name += " " + std::to_string(size);
    row += size;
    inputs.push_back(std::make_unique<Numbers>(element, outer * size, shift));
    fill_bytes(*inputs.back(), static_cast<uint64_t>(size) + 1);
    device.push_back(inputs.back()->device());
    host.push_back(inputs.back()->host());
  }
  Numbers found(element, outer * row), wanted(element, outer * row);
  found.upload();
  const int count = static_cast<int>(inner.size());
  must(cuda::concat({element, outer, count, device.data(), inner.data(), found.device()}, nullptr), name.c_str());
  cuda::concat_reference({element, outer, count, host.data(), inner.data(), wanted.host()});
  expect_bytes(checks, found, wanted, name);
}

void check_rows(Checks& checks) {
  for (const Element element : kElements) {
    for (const Shape& sizes : {Shape{1, 45, 15, 40}, {2, 66, 60, 66}, {24, 19, 0, 19}, {24, 19, 1, 18}, {3, 64, 16, 48},
                               {5, 32, 8, 12}, {2, 8, 3, 3}, {0, 8, 1, 3}}) {
      for (const int shift : {0, 1}) check_slice(checks, element, sizes, shift);
    }
    for (const int shift : {0, 2}) {
      check_concat(checks, element, 1, {10, 5, 20}, shift);
      check_concat(checks, element, 2, {21, 7}, shift);
      check_concat(checks, element, 6, {1, 30, 2}, shift);
      check_concat(checks, element, 3, {64, 16}, shift);
      check_concat(checks, element, 4, {0, 8}, shift);
      check_concat(checks, element, 2, {12}, shift);
    }
  }
}

void check_refusals(Checks& checks) {
  Numbers numbers(Element::kF32, 12);
  numbers.upload();
  void* data = numbers.device();
  const auto refuses = [&](cudaError_t error, const std::string& what) {
    checks.expect(error == cudaErrorInvalidValue, "refuses " + what);
  };
  const auto other = static_cast<Element>(9);
  refuses(cuda::slice({Element::kF32, 2, 6, 3, 7, data, data}, nullptr), "a slice beyond the end");
  refuses(cuda::slice({Element::kF32, 2, 6, 4, 3, data, data}, nullptr), "a slice backwards");
  refuses(cuda::slice({Element::kF32, 2, 6, 3, 4, nullptr, data}, nullptr), "a slice of nothing");
  refuses(cuda::slice({other, 2, 6, 3, 4, data, data}, nullptr), "a slice of another type");
  const void* inputs[] = {data, nullptr};
  const int64_t inner[] = {2, 3}, negative[] = {2, -1};
  refuses(cuda::concat({Element::kF32, 1, 0, inputs, inner, data}, nullptr), "no inputs");
  refuses(cuda::concat({Element::kF32, 1, 2, inputs, inner, nullptr}, nullptr), "no output");
  refuses(cuda::concat({Element::kF32, 1, 2, inputs, negative, data}, nullptr), "a negative size");
  refuses(cuda::concat({Element::kF32, 1, 2, inputs, inner, data}, nullptr), "a missing input");
  cuda::PermuteProblem problem = permutation(Element::kF32, {3, 4}, {1, 0});
  refuses(cuda::permute(problem, nullptr), "a permutation of nothing");
  problem.input = problem.output = data;
  problem.axes[0] = 0;
  refuses(cuda::permute(problem, nullptr), "an axis twice");
  problem.rank = cuda::kMaxAxes + 1;
  refuses(cuda::permute(problem, nullptr), "more axes than it has");
}

}  // namespace

int main() {
  Checks checks;
  check_permutes(checks);
  check_merge(checks);
  check_rows(checks);
  check_refusals(checks);
  return checks.finish();
}
