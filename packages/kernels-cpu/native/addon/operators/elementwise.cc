#include "elementwise/activate.h"
#include "elementwise/arithmetic.h"
#include "issue.h"
#include "operators/table.h"

namespace paroattn {
namespace {

Napi::Value issue_activate(const View& view, const Arguments& arguments) {
  const size_t count = arguments.size("count");
  const Activation activation = arguments.activation("activation");
  const BufferPtr input = arguments.buffer("input", count);
  Issue issue(view, "activate");
  issue.reads(input);
  const BufferPtr output = issue.makes(count);
  issue.runs([=](const Running& running) {
    activate(input->floats(), count, activation, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

void check_broadcast(const Arguments& arguments, const char* name, const std::vector<size_t>& from,
                     const std::vector<size_t>& shape) {
  bool fits = from.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = from[i] == shape[i] || from[i] == 1;
  if (!fits) arguments.fail(name, "a shape that broadcasts to the output's");
}

Napi::Value issue_binary(const View& view, const Arguments& arguments, const char* name, BinaryOperation operation) {
  BinaryOptions options;
  options.operation = operation;
  options.shape = arguments.sizes("shape");
  options.a_shape = arguments.sizes("aShape");
  options.b_shape = arguments.sizes("bShape");
  check_broadcast(arguments, "aShape", options.a_shape, options.shape);
  check_broadcast(arguments, "bShape", options.b_shape, options.shape);
  const BufferPtr a = arguments.buffer("a", product(options.a_shape));
  const BufferPtr b = arguments.buffer("b", product(options.b_shape));
  Issue issue(view, name);
  issue.reads(a).reads(b);
  const BufferPtr output = issue.makes(product(options.shape));
  issue.runs([=](const Running& running) {
    BinaryOptions call = options;
    call.a = a->floats();
    call.b = b->floats();
    binary(call, running.cancelled, output->floats());
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
  AddGatedOptions options;
  options.batch = arguments.size("batch");
  options.tokens = arguments.size("tokens");
  options.channels = arguments.size("channels");
  const size_t elements = product({options.batch, options.tokens, options.channels});
  const BufferPtr residual = arguments.buffer("residual", elements);
  const BufferPtr value = arguments.buffer("value", elements);
  const BufferPtr gate = arguments.buffer("gate", product({options.batch, options.channels}));
  Issue issue(view, "addGated");
  issue.reads(residual).reads(value).reads(gate);
  const BufferPtr output = issue.makes(elements);
  issue.runs([=](const Running& running) {
    AddGatedOptions call = options;
    call.residual = residual->floats();
    call.value = value->floats();
    call.gate = gate->floats();
    add_gated(call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_combine(const View& view, const Arguments& arguments) {
  const size_t count = arguments.size("count");
  const std::vector<BufferPtr> inputs = arguments.buffers("inputs");
  const std::vector<double> numbers = arguments.numbers("factors");
  if (inputs.empty() || inputs.size() != numbers.size()) arguments.fail("factors", "one for each input");
  const std::vector<float> factors(numbers.begin(), numbers.end());
  Issue issue(view, "combine");
  for (const BufferPtr& input : inputs) {
    if (input->bytes() != product({count, 4})) arguments.fail("inputs", "tensors of one size");
    issue.reads(input);
  }
  const BufferPtr output = issue.makes(count);
  issue.runs([=](const Running& running) {
    std::vector<const float*> pointers;
    for (const BufferPtr& input : inputs) pointers.push_back(input->floats());
    combine(pointers, factors, count, running.cancelled, output->floats());
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

}  // namespace paroattn
