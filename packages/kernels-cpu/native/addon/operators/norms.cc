#include "norms/norms.h"

#include "issue.h"
#include "operators/table.h"
#include "wide_weight.h"

namespace paroattn {
namespace {

Napi::Value issue_layer_norm(const View& view, const Arguments& arguments) {
  LayerNormOptions options;
  options.batch = arguments.size("batch");
  options.tokens = arguments.size("tokens");
  options.channels = arguments.size("channels");
  options.epsilon = static_cast<float>(arguments.number("epsilon"));
  const size_t elements = product({options.batch, options.tokens, options.channels});
  const BufferPtr input = arguments.buffer("input", elements);
  const WeightArgument weight = arguments.optional_weight("weight", options.channels);
  const WeightArgument bias = arguments.optional_weight("bias", options.channels);
  const BufferPtr scale = arguments.optional_buffer("scale", product({options.batch, options.channels}));
  const BufferPtr shift = arguments.optional_buffer("shift", product({options.batch, options.channels}));
  if ((scale == nullptr) != (shift == nullptr)) arguments.fail("scale", "a shift with it");
  Issue issue(view, "layerNorm");
  issue.reads(input).reads(weight).reads(bias).reads(scale).reads(shift);
  const BufferPtr output = issue.makes(elements);
  issue.runs([=](const Running& running) {
    const WideWeight wide_weight(running, weight, options.channels);
    const WideWeight wide_bias(running, bias, options.channels);
    LayerNormOptions call = options;
    call.input = input->floats();
    call.weight = wide_weight.data();
    call.bias = wide_bias.data();
    call.scale = floats_or_null(scale);
    call.shift = floats_or_null(shift);
    layer_norm(call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_rms_norm(const View& view, const Arguments& arguments) {
  RmsNormOptions options;
  options.rows = arguments.size("rows");
  options.channels = arguments.size("channels");
  options.epsilon = static_cast<float>(arguments.number("epsilon"));
  const size_t elements = product({options.rows, options.channels});
  const BufferPtr input = arguments.buffer("input", elements);
  const WeightArgument weight = arguments.optional_weight("weight", options.channels);
  Issue issue(view, "rmsNorm");
  issue.reads(input).reads(weight);
  const BufferPtr output = issue.makes(elements);
  issue.runs([=](const Running& running) {
    const WideWeight wide_weight(running, weight, options.channels);
    RmsNormOptions call = options;
    call.input = input->floats();
    call.weight = wide_weight.data();
    rms_norm(call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_group_norm(const View& view, const Arguments& arguments) {
  GroupNormOptions options;
  options.batch = arguments.size("batch");
  options.channels = arguments.size("channels");
  options.groups = arguments.size("groups");
  options.positions = arguments.size("positions");
  options.epsilon = static_cast<float>(arguments.number("epsilon"));
  options.activation = arguments.activation("activation");
  if (options.groups == 0 || options.channels % options.groups != 0) arguments.fail("groups", "a divisor of the channels");
  const size_t elements = product({options.batch, options.channels, options.positions});
  const BufferPtr input = arguments.buffer("input", elements);
  const WeightArgument weight = arguments.optional_weight("weight", options.channels);
  const WeightArgument bias = arguments.optional_weight("bias", options.channels);
  Issue issue(view, "groupNorm");
  issue.reads(input).reads(weight).reads(bias);
  const BufferPtr output = issue.makes(elements);
  issue.runs([=](const Running& running) {
    const WideWeight wide_weight(running, weight, options.channels);
    const WideWeight wide_bias(running, bias, options.channels);
    GroupNormOptions call = options;
    call.input = input->floats();
    call.weight = wide_weight.data();
    call.bias = wide_bias.data();
    group_norm(call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> norm_operators() {
  return {{"layerNorm", issue_layer_norm}, {"rmsNorm", issue_rms_norm}, {"groupNorm", issue_group_norm}};
}

}  // namespace paroattn
