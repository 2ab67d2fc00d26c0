#include "dnnl/conv2d.h"
#include "dnnl/linear.h"
#include "issue.h"
#include "operators/table.h"

namespace paroattn {
namespace {

Napi::Value issue_linear(const View& view, const Arguments& arguments) {
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
    linear(running.dnnl, call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

// Positions of a kernel along one axis; 0 where it does not fit.
size_t positions(size_t size, size_t before, size_t after, size_t kernel, size_t stride) {
  size_t padded = 0;
  if (__builtin_add_overflow(size, before, &padded) || __builtin_add_overflow(padded, after, &padded)) return 0;
  return stride == 0 || padded < kernel ? 0 : (padded - kernel) / stride + 1;
}

Napi::Value issue_conv2d(const View& view, const Arguments& arguments) {
  Conv2dOptions options;
  options.batch = arguments.size("batch");
  options.inputs = arguments.size("inputs");
  options.height = arguments.size("height");
  options.width = arguments.size("width");
  options.outputs = arguments.size("outputs");
  options.kernel_height = arguments.size("kernelHeight");
  options.kernel_width = arguments.size("kernelWidth");
  options.output_height = arguments.size("outputHeight");
  options.output_width = arguments.size("outputWidth");
  options.stride = arguments.size("stride");
  const std::vector<size_t> padding = arguments.sizes("padding");
  if (padding.size() != 4) arguments.fail("padding", "four sizes");
  options.top = padding[0];
  options.bottom = padding[1];
  options.left = padding[2];
  options.right = padding[3];
  const size_t height = positions(options.height, options.top, options.bottom, options.kernel_height, options.stride);
  const size_t width = positions(options.width, options.left, options.right, options.kernel_width, options.stride);
  if (options.output_height != height) arguments.fail("outputHeight", "the positions of the kernel");
  if (options.output_width != width) arguments.fail("outputWidth", "the positions of the kernel");
  const BufferPtr input =
      arguments.buffer("input", product({options.batch, options.inputs, options.height, options.width}));
  const WeightArgument weight = arguments.weight(
      "weight", product({options.outputs, options.inputs, options.kernel_height, options.kernel_width}));
  const WeightArgument bias = arguments.optional_weight("bias", options.outputs);
  Issue issue(view, "conv2d");
  issue.reads(input).reads(weight).reads(bias);
  const BufferPtr output =
      issue.makes(product({options.batch, options.outputs, options.output_height, options.output_width}));
  issue.runs([=](const Running& running) {
    Conv2dOptions call = options;
    call.input = input->floats();
    call.weight = weight.open();
    call.bias = bias.open();
    conv2d(running.dnnl, call, running.cancelled, output->floats());
  });
  return handle_of(arguments.env(), output);
}

}  // namespace

std::vector<OperatorEntry> matrix_operators() { return {{"linear", issue_linear}, {"conv2d", issue_conv2d}}; }

}  // namespace paroattn
