#include "elementwise/activate.h"

#include <string>

#include "elementwise/add_gated.h"
#include "elementwise/binary.h"
#include "elementwise/combine.h"
#include "issue.h"
#include "operators/shapes.h"
#include "operators/table.h"

namespace paroattn {
namespace cuda {
namespace {

Activation activation_of(const Arguments& arguments) {
  const std::string activation = arguments.text("activation");
  if (activation == "silu") return Activation::kSilu;
  if (activation == "gelu") return Activation::kGelu;
  if (activation == "geluTanh") return Activation::kGeluTanh;
  if (activation == "relu") return Activation::kRelu;
  arguments.fail("activation", "silu, gelu, geluTanh or relu");
}

Napi::Value issue_activate(const View& view, const Arguments& arguments) {
  ActivateProblem problem;
  problem.count = arguments.size("count");
  problem.activation = activation_of(arguments);
  const TensorArgument input = arguments.tensor("input", problem.count);
  problem.element = input.element;
  Issue issue(view, "activate");
  issue.reads(input);
  const BufferPtr output = issue.makes(problem.count, input.element);
  issue.runs([&](const Running& running) {
    problem.input = input.data();
    problem.output = output->data();
    return activate(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

void check_broadcast(const Arguments& arguments, const char* name, const std::vector<int64_t>& from,
                     const std::vector<int64_t>& shape) {
  bool fits = from.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = from[i] == shape[i] || from[i] == 1;
  if (!fits) arguments.fail(name, "a shape that broadcasts to the output's");
}

Napi::Value issue_binary(const View& view, const Arguments& arguments, const char* name, BinaryOperation operation) {
  const std::vector<int64_t> shape = arguments.sizes("shape");
  const std::vector<int64_t> a_shape = arguments.sizes("aShape");
  const std::vector<int64_t> b_shape = arguments.sizes("bShape");
  check_broadcast(arguments, "aShape", a_shape, shape);
  check_broadcast(arguments, "bShape", b_shape, shape);
  BinaryProblem problem;
  problem.operation = operation;
  problem.rank = copy_axes(arguments, "shape", shape, problem.shape);
  copy_axes(arguments, "aShape", a_shape, problem.a_shape);
  copy_axes(arguments, "bShape", b_shape, problem.b_shape);
  const TensorArgument a = arguments.tensor("a", product(a_shape));
  const TensorArgument b = arguments.tensor("b", product(b_shape), a.element);
  problem.element = a.element;
  Issue issue(view, name);
  issue.reads(a).reads(b);
  const BufferPtr output = issue.makes(product(shape), a.element);
  issue.runs([&](const Running& running) {
    problem.a = a.data();
    problem.b = b.data();
    problem.output = output->data();
    return binary(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_add(const View& view, const Arguments& arguments) {
  return issue_binary(view, arguments, "add", BinaryOperation::kAdd);
}

Napi::Value issue_multiply(const View& view, const Arguments& arguments) {
  return issue_binary(view, arguments, "multiply", BinaryOperation::kMultiply);
}

Napi::Value issue_add_gated(const View& view, const Arguments& arguments) {
  AddGatedProblem problem;
  problem.batch = arguments.size("batch");
  problem.tokens = arguments.size("tokens");
  problem.channels = arguments.size("channels");
  const int64_t elements = product({problem.batch, problem.tokens, problem.channels});
  const TensorArgument residual = arguments.tensor("residual", elements);
  const TensorArgument value = arguments.tensor("value", elements, residual.element);
  const TensorArgument gate = arguments.tensor("gate", product({problem.batch, problem.channels}), residual.element);
  problem.element = residual.element;
  Issue issue(view, "addGated");
  issue.reads(residual).reads(value).reads(gate);
  const BufferPtr output = issue.makes(elements, residual.element);
  issue.runs([&](const Running& running) {
    problem.residual = residual.data();
    problem.value = value.data();
    problem.gate = gate.data();
    problem.output = output->data();
    return add_gated(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_combine(const View& view, const Arguments& arguments) {
  CombineProblem problem;
  problem.count = arguments.size("count");
  const std::vector<TensorArgument> inputs = arguments.tensors("inputs");
  const std::vector<double> factors = arguments.numbers("factors");
  if (inputs.empty() || inputs.size() > kMaxTerms) arguments.fail("inputs", "1 to " + std::to_string(kMaxTerms) + " tensors");
  if (inputs.size() != factors.size()) arguments.fail("factors", "one for each input");
  problem.term_count = static_cast<int>(inputs.size());
  problem.element = inputs.front().element;
  Issue issue(view, "combine");
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool alike = inputs[i].element == problem.element;
    if (!alike || inputs[i].buffer->bytes() != bytes_of(problem.count, problem.element)) {
      arguments.fail("inputs", "tensors of one size and type");
    }
    issue.reads(inputs[i]);
    problem.factors[i] = static_cast<float>(factors[i]);
  }
  const BufferPtr output = issue.makes(problem.count, problem.element);
  issue.runs([&](const Running& running) {
    for (size_t i = 0; i < inputs.size(); ++i) problem.tensors[i] = inputs[i].data();
    problem.output = output->data();
    return combine(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> elementwise_operators() {
  return {{"activate", issue_activate},
          {"add", issue_add},
          {"multiply", issue_multiply},
          {"addGated", issue_add_gated},
          {"combine", issue_combine}};
}

}  // namespace cuda
}  // namespace paroattn
