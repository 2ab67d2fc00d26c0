#include "norms/norms.h"

#include "issue.h"
#include "operators/table.h"

namespace paroattn {
namespace cuda {
namespace {

ChannelVector vector_of(const TensorArgument& tensor) { return {tensor.element, tensor.data()}; }

Napi::Value issue_layer_norm(const View& view, const Arguments& arguments) {
  LayerNormProblem problem;
  problem.batch = arguments.size("batch");
  problem.tokens = arguments.size("tokens");
  problem.channels = arguments.size("channels");
  problem.epsilon = static_cast<float>(arguments.number("epsilon"));
  const int64_t elements = product({problem.batch, problem.tokens, problem.channels});
  const int64_t modulations = product({problem.batch, problem.channels});
  const TensorArgument input = arguments.tensor("input", elements);
  const TensorArgument weight = arguments.optional_tensor("weight", problem.channels);
  const TensorArgument bias = arguments.optional_tensor("bias", problem.channels);
  const TensorArgument scale = arguments.optional_tensor("scale", modulations, input.element);
  const TensorArgument shift = arguments.optional_tensor("shift", modulations, input.element);
  if ((scale.buffer == nullptr) != (shift.buffer == nullptr)) arguments.fail("scale", "a shift with it");
  problem.element = input.element;
  Issue issue(view, "layerNorm");
  issue.reads(input).reads(weight).reads(bias).reads(scale).reads(shift);
  const BufferPtr output = issue.makes(elements, input.element);
  issue.runs([&](const Running& running) {
    problem.input = input.data();
    problem.weight = vector_of(weight);
    problem.bias = vector_of(bias);
    problem.scale = scale.data();
    problem.shift = shift.data();
    problem.output = output->data();
    return layer_norm(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_rms_norm(const View& view, const Arguments& arguments) {
  RmsNormProblem problem;
  problem.rows = arguments.size("rows");
  problem.channels = arguments.size("channels");
  problem.epsilon = static_cast<float>(arguments.number("epsilon"));
  const int64_t elements = product({problem.rows, problem.channels});
  const TensorArgument input = arguments.tensor("input", elements);
  const TensorArgument weight = arguments.optional_tensor("weight", problem.channels);
  problem.element = input.element;
  Issue issue(view, "rmsNorm");
  issue.reads(input).reads(weight);
  const BufferPtr output = issue.makes(elements, input.element);
  issue.runs([&](const Running& running) {
    problem.input = input.data();
    problem.weight = vector_of(weight);
    problem.output = output->data();
    return rms_norm(problem, running.stream);
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> norm_operators() { return {{"layerNorm", issue_layer_norm}, {"rmsNorm", issue_rms_norm}}; }

}  // namespace cuda
}  // namespace paroattn
