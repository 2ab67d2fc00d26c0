#include "dnnl/convolution.h"
#include "dnnl/feed_forward.h"
#include "dnnl/linear.h"
#include "issue.h"
#include "operators/table.h"
#include "wide_weight.h"

namespace paroattn {
namespace {

const PackedWeight& open_packed(const Running& running, const WeightArgument& weight, const WeightShape& shape) {
  return weight.buffer->packed(running.dnnl, weight.type, shape, running.packs);
}

Napi::Value issue_linear(const View& view, const Arguments& arguments) {
  LinearOptions options;
  options.rows = arguments.size("rows");
  options.inputs = arguments.size("inputs");
  options.outputs = arguments.size("outputs");
  options.activation = arguments.activation("activation");
  const BufferPtr input = arguments.buffer("input", product({options.rows, options.inputs}));
  const WeightArgument weight = arguments.weight("weight", product({options.outputs, options.inputs}));
  const WeightArgument bias = arguments.optional_weight("bias", options.outputs);
  const size_t gates = arguments.size("gates");
  const BufferPtr gate = arguments.optional_buffer("gate", product({gates, options.outputs}));
  if (gate && (gates == 0 ? options.rows != 0 : options.rows % gates != 0)) arguments.fail("gates", "a divisor of the rows");
  options.rows_per_gate = gates == 0 ? 0 : options.rows / gates;
  const BufferPtr residual = arguments.optional_buffer("residual", product({options.rows, options.outputs}));
  Issue issue(view, "linear");
  issue.reads(input).reads(bias).reads(gate).reads(residual);
  const bool packed = linear_takes_packed_weight(options) && issue.takes_packed(weight);
  if (!packed) issue.reads(weight);
  const BufferPtr output = issue.makes(product({options.rows, options.outputs}));
  issue.runs([=](const Running& running) {
    LinearOptions call = options;
    call.input = input->floats();
    call.bias = bias.open();
    if (packed) {
      call.packed_weight = &open_packed(running, weight, packed_weight_shape(call));
    } else {
      call.weight = weight.open();
    }
    call.gate = floats_or_null(gate);
    call.residual = floats_or_null(residual);
    linear(running.dnnl, call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_feed_forward(const View& view, const Arguments& arguments) {
  FeedForwardOptions options;
  options.batch = arguments.size("batch");
  options.tokens = arguments.size("tokens");
  options.inputs = arguments.size("inputs");
  options.hidden = arguments.size("hidden");
  options.outputs = arguments.size("outputs");
  options.weights_of_rows = arguments.flag("weightsOfRows");
  options.activation = arguments.activation("activation");
  options.softmax_groups = arguments.size("softmaxGroups");
  if (options.softmax_groups > 0 && options.hidden % options.softmax_groups != 0) {
    arguments.fail("softmaxGroups", "a divisor of the hidden channels");
  }
  const size_t layers = options.weights_of_rows ? options.batch : 1;
  const BufferPtr input = arguments.buffer("input", product({options.batch, options.tokens, options.inputs}));
  const WeightArgument inner = arguments.weight("innerWeight", product({layers, options.hidden, options.inputs}));
  const WeightArgument inner_bias = arguments.optional_weight("innerBias", product({layers, options.hidden}));
  const WeightArgument outer = arguments.weight("outerWeight", product({layers, options.outputs, options.hidden}));
  const WeightArgument outer_bias = arguments.optional_weight("outerBias", product({layers, options.outputs}));
  const BufferPtr gate = arguments.optional_buffer("gate", product({options.batch, options.outputs}));
  const size_t elements = product({options.batch, options.tokens, options.outputs});
  const BufferPtr residual = arguments.optional_buffer("residual", elements);
  Issue issue(view, "feedForward");
  issue.reads(input).reads(inner_bias).reads(outer_bias).reads(gate).reads(residual);
  // One tensor as both weights cannot lie there in two shapes.
  const bool packable = feed_forward_takes_packed_weights(options) && inner.buffer != outer.buffer;
  const bool packed_inner = packable && issue.takes_packed(inner);
  if (!packed_inner) issue.reads(inner);
  const bool packed_outer = packable && issue.takes_packed(outer);
  if (!packed_outer) issue.reads(outer);
  const BufferPtr output = issue.makes(elements);
  issue.runs([=](const Running& running) {
    FeedForwardOptions call = options;
    call.input = input->floats();
    call.inner_bias = inner_bias.open();
    call.outer_bias = outer_bias.open();
    if (packed_inner) {
      call.packed_inner_weight = &open_packed(running, inner, packed_inner_weight_shape(call));
    } else {
      call.inner_weight = inner.open();
    }
    if (packed_outer) {
      call.packed_outer_weight = &open_packed(running, outer, packed_outer_weight_shape(call));
    } else {
      call.outer_weight = outer.open();
    }
    call.gate = floats_or_null(gate);
    call.residual = floats_or_null(residual);
    feed_forward(running.dnnl, call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

// Positions of a kernel along one axis; 0 where it does not fit.
size_t positions(size_t size, size_t before, size_t after, size_t kernel, size_t stride) {
  size_t padded = 0;
  if (__builtin_add_overflow(size, before, &padded) || __builtin_add_overflow(padded, after, &padded)) return 0;
  return stride == 0 || padded < kernel ? 0 : (padded - kernel) / stride + 1;
}

// `name` has so many axes that the kernel moves along.
Napi::Value issue_convolution(const View& view, const Arguments& arguments, const char* name, size_t axes) {
  ConvolutionOptions options;
  options.batch = arguments.size("batch");
  options.inputs = arguments.size("inputs");
  options.outputs = arguments.size("outputs");
  const size_t stride = arguments.size("stride");
  const auto sizes_of = [&](const char* argument, size_t count) {
    std::vector<size_t> sizes = arguments.sizes(argument);
    if (sizes.size() != count) arguments.fail(argument, "a size for each axis");
    return sizes;
  };
  const std::vector<size_t> sizes = sizes_of("sizes", axes);
  const std::vector<size_t> kernel = sizes_of("kernel", axes);
  const std::vector<size_t> output_sizes = sizes_of("outputSizes", axes);
  const std::vector<size_t> padding = sizes_of("padding", 2 * axes);
  std::vector<size_t> input_shape = {options.batch, options.inputs};
  std::vector<size_t> weight_shape = {options.outputs, options.inputs};
  std::vector<size_t> output_shape = {options.batch, options.outputs};
  for (size_t i = 0; i < axes; ++i) {
    const ConvolutionAxis axis = {sizes[i], kernel[i], output_sizes[i], stride, padding[2 * i], padding[2 * i + 1]};
    const size_t expected = positions(axis.size, axis.before, axis.after, axis.kernel, axis.stride);
    if (axis.output != expected) arguments.fail("outputSizes", "the positions of the kernel");
    options.axes.push_back(axis);
    input_shape.push_back(axis.size);
    weight_shape.push_back(axis.kernel);
    output_shape.push_back(axis.output);
  }
  const BufferPtr input = arguments.buffer("input", product(input_shape));
  const WeightArgument weight = arguments.weight("weight", product(weight_shape));
  const WeightArgument bias = arguments.optional_weight("bias", options.outputs);
  Issue issue(view, name);
  issue.reads(input).reads(weight).reads(bias);
  const BufferPtr output = issue.makes(product(output_shape));
  issue.runs([=](const Running& running) {
    ConvolutionOptions call = options;
    call.input = input->floats();
    call.weight = weight.open();
    call.bias = bias.open();
    convolution(running.dnnl, call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

Napi::Value issue_conv2d(const View& view, const Arguments& arguments) {
  return issue_convolution(view, arguments, "conv2d", 2);
}

Napi::Value issue_conv3d(const View& view, const Arguments& arguments) {
  return issue_convolution(view, arguments, "conv3d", 3);
}

}  // namespace

std::vector<OperatorEntry> matrix_operators() {
  return {{"linear", issue_linear},
          {"feedForward", issue_feed_forward},
          {"conv2d", issue_conv2d},
          {"conv3d", issue_conv3d}};
}

}  // namespace paroattn
