#include <algorithm>

#include "issue.h"
#include "layout/movement.h"
#include "operators/shapes.h"
#include "operators/table.h"

namespace paroattn {
namespace cuda {
namespace {

Napi::Value issue_permute(const View& view, const Arguments& arguments) {
  const std::vector<int64_t> shape = arguments.sizes("shape");
  const std::vector<int64_t> axes = arguments.sizes("axes");
  std::vector<int64_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  bool fits = axes.size() == shape.size();
  for (size_t i = 0; fits && i < sorted.size(); ++i) fits = sorted[i] == static_cast<int64_t>(i);
  if (!fits) arguments.fail("axes", "each axis once");
  PermuteProblem problem;
  problem.rank = copy_axes(arguments, "shape", shape, problem.shape);
  copy_axes(arguments, "axes", axes, problem.axes);
  const TensorArgument input = arguments.tensor("input", product(shape));
  problem.element = input.element;
  Issue issue(view, "permute");
  issue.reads(input);
  const BufferPtr output = issue.makes(product(shape), input.element);
  issue.runs([&](const Running& running) {
    problem.input = input.data();
    problem.output = output->data();
    return permute(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_concat(const View& view, const Arguments& arguments) {
  ConcatProblem problem;
  problem.outer = arguments.size("outer");
  const std::vector<int64_t> inner = arguments.sizes("inner");
  const std::vector<TensorArgument> inputs = arguments.tensors("inputs");
  if (inputs.empty() || inputs.size() != inner.size()) arguments.fail("inner", "one size for each input");
  problem.element = inputs.front().element;
  problem.count = static_cast<int>(inputs.size());
  int64_t row = 0;
  Issue issue(view, "concat");
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool alike = inputs[i].element == problem.element;
    if (!alike || inputs[i].buffer->bytes() != bytes_of(product({problem.outer, inner[i]}), problem.element)) {
      arguments.fail("inputs", "tensors of the sizes given, of one type");
    }
    issue.reads(inputs[i]);
    row += inner[i];
  }
  const BufferPtr output = issue.makes(product({problem.outer, row}), problem.element);
  issue.runs([&](const Running& running) {
    std::vector<const void*> pointers;
    for (const TensorArgument& input : inputs) pointers.push_back(input.data());
    problem.inputs = pointers.data();
    problem.inner = inner.data();
    problem.output = output->data();
    return concat(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_slice(const View& view, const Arguments& arguments) {
  SliceProblem problem;
  problem.outer = arguments.size("outer");
  problem.inner = arguments.size("inner");
  problem.start = arguments.size("start");
  problem.end = arguments.size("end");
  if (problem.start > problem.end || problem.end > problem.inner) arguments.fail("start", "start <= end <= inner");
  const TensorArgument input = arguments.tensor("input", product({problem.outer, problem.inner}));
  problem.element = input.element;
  Issue issue(view, "slice");
  issue.reads(input);
  const BufferPtr output = issue.makes(product({problem.outer, problem.end - problem.start}), input.element);
  issue.runs([&](const Running& running) {
    problem.input = input.data();
    problem.output = output->data();
    return slice(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> layout_operators() {
  return {{"permute", issue_permute}, {"concat", issue_concat}, {"slice", issue_slice}};
}

}  // namespace cuda
}  // namespace paroattn
