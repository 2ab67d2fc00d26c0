#include "dnnl/linear.h"
#include "issue.h"
#include "table.h"

namespace paroattn {
namespace {

Napi::Value linear_operator(const View& view, const Arguments& arguments) {
  LinearOptions options;
  options.rows = arguments.size("rows");
  options.inputs = arguments.size("inputs");
  options.outputs = arguments.size("outputs");
  options.activation = arguments.activation("activation");
  const BufferPtr input = arguments.buffer("input", product({options.rows, options.inputs}));
  const WeightArgument weight = arguments.weight("weight", product({options.outputs, options.inputs}));
  const WeightArgument bias = arguments.optional_weight("bias", options.outputs);
  Issue issue(view, "linear");
  issue.reads(input).reads(weight).reads(bias);
  const BufferPtr output = issue.makes(product({options.rows, options.outputs}));
  issue.runs([=](const Running& running) {
    LinearOptions call = options;
    call.input = input->floats();
    call.weight = weight.open();
    call.bias = bias.open();
    linear(running.dnnl, call, output->floats());
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> matrix_operators() { return {{"linear", linear_operator}}; }

}  // namespace paroattn
