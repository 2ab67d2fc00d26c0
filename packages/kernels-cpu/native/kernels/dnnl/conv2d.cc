// Convolution through oneDNN in the layout that it likes best. The tensors around it are plain [batch, channels, height,
// width], so they are rearranged on the way in and out where that layout is another one. Long convolutions run in bands
// of output rows, which also bounds the memory of the rearranged copies.
#include "dnnl/conv2d.h"

#include <algorithm>
#include <optional>

#include "dnnl/long_calls.h"
#include "dnnl/widened.h"

namespace paroattn {
namespace {

using dnnl::memory;

constexpr auto kF32 = memory::data_type::f32;

memory::dim dim(size_t size) { return static_cast<memory::dim>(size); }

// Some rows of a [batch, channels, height, width] tensor.
struct Rows {
  size_t batch, channels, height, width;
  size_t first, count;

  memory::desc desc() const {
    return memory::desc({dim(batch), dim(channels), dim(count), dim(width)}, kF32,
                        {dim(channels * height * width), dim(height * width), dim(width), 1});
  }
  size_t offset() const { return first * width; }
};

// One call: output rows from the input rows that they need, with the zeros around those.
struct Band {
  Rows input, output;
  size_t top, bottom;
};

// Output rows first .. first + count; the input rows that they read begin and end where the input does.
Band band_of(const Conv2dOptions& options, size_t first, size_t count) {
  const size_t start = first * options.stride;  // counted from the first row of zeros
  const size_t end = (first + count - 1) * options.stride + options.kernel_height;
  const size_t above = options.top > start ? std::min(options.top, end) - start : 0;
  const size_t low = std::min(std::max(start, options.top) - options.top, options.height);
  const size_t high = std::max(low, std::min(end - std::min(end, options.top), options.height));
  Band band;
  band.input = {options.batch, options.inputs, options.height, options.width, low, high - low};
  band.output = {options.batch, options.outputs, options.output_height, options.output_width, first, count};
  band.top = above;
  band.bottom = end - start - above - band.input.count;
  return band;
}

struct ConvolutionPrimitive : CachedPrimitive {
  dnnl::convolution_forward::primitive_desc desc;
  dnnl::convolution_forward primitive;
  memory::desc plain_input, plain_weight, plain_bias, plain_output;
  // Where the layouts differ.
  std::optional<dnnl::reorder> reorder_input, reorder_weight, reorder_output;
};

std::optional<dnnl::reorder> reorder_between(const DnnlContext& context, const memory::desc& from,
                                             const memory::desc& to) {
  if (from == to) return std::nullopt;
  return dnnl::reorder(dnnl::reorder::primitive_desc(context.engine(), from, context.engine(), to));
}

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const Conv2dOptions& options, const Band& band) {
  const memory::dims weight = {dim(options.outputs), dim(options.inputs), dim(options.kernel_height),
                               dim(options.kernel_width)};
  const memory::dims strides = {dim(options.stride), dim(options.stride)};
  const memory::dims before = {dim(band.top), dim(options.left)};
  const memory::dims after = {dim(band.bottom), dim(options.right)};
  const auto any = [](const memory::dims& dims) { return memory::desc(dims, kF32, memory::format_tag::any); };

  auto made = std::make_unique<ConvolutionPrimitive>();
  made->plain_input = band.input.desc();
  made->plain_weight = memory::desc(weight, kF32, memory::format_tag::abcd);
  made->plain_output = band.output.desc();
  made->plain_bias = memory::desc({dim(options.outputs)}, kF32, memory::format_tag::a);
  const memory::desc input = any(made->plain_input.dims());
  const memory::desc output = any(made->plain_output.dims());
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  using Descriptor = dnnl::convolution_forward::desc;
  const Descriptor operation =
      options.bias ? Descriptor(kind, algorithm, input, any(weight), made->plain_bias, output, strides, before, after)
                   : Descriptor(kind, algorithm, input, any(weight), output, strides, before, after);
  made->desc = dnnl::convolution_forward::primitive_desc(operation, context.engine());
  made->primitive = dnnl::convolution_forward(made->desc);
  made->reorder_input = reorder_between(context, made->plain_input, made->desc.src_desc());
  made->reorder_weight = reorder_between(context, made->plain_weight, made->desc.weights_desc());
  made->reorder_output = reorder_between(context, made->desc.dst_desc(), made->plain_output);
  return made;
}

DnnlContext::Key key_of(const Conv2dOptions& options, const Band& band) {
  DnnlContext::Key key = {'c'};
  for (const size_t size :
       {options.batch, options.inputs, options.height, options.width, options.outputs, options.output_height,
        options.output_width, options.kernel_height, options.kernel_width, options.stride, options.left, options.right,
        band.input.count, band.output.count, band.top, band.bottom}) {
    key.push_back(dim(size));
  }
  key.push_back(static_cast<bool>(options.bias));
  return key;
}

// Weight and bias are f32.
void convolve(DnnlContext& context, const Conv2dOptions& options, const Band& band, float* output) {
  auto& cached =
      context.primitive<ConvolutionPrimitive>(key_of(options, band), [&] { return make(context, options, band); });
  const auto size_if = [](const std::optional<dnnl::reorder>& reorder, const memory::desc& desc) {
    return reorder ? desc.get_size() : 0;
  };
  const AlignedBuffer packed_input(size_if(cached.reorder_input, cached.desc.src_desc()), context.allocator());
  const AlignedBuffer packed_weight(size_if(cached.reorder_weight, cached.desc.weights_desc()), context.allocator());
  const AlignedBuffer packed_output(size_if(cached.reorder_output, cached.desc.dst_desc()), context.allocator());

  memory source = view(context, cached.plain_input, options.input + band.input.offset());
  if (cached.reorder_input) {
    memory packed = view(context, cached.desc.src_desc(), packed_input.data());
    cached.reorder_input->execute(context.stream(), source, packed);
    source = packed;
  }
  memory kernel = view(context, cached.plain_weight, options.weight.data);
  if (cached.reorder_weight) {
    memory packed = view(context, cached.desc.weights_desc(), packed_weight.data());
    cached.reorder_weight->execute(context.stream(), kernel, packed);
    kernel = packed;
  }
  memory plain_output = view(context, cached.plain_output, output + band.output.offset());
  memory target = cached.reorder_output ? view(context, cached.desc.dst_desc(), packed_output.data()) : plain_output;
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DST, target}};
  if (options.bias) arguments.emplace(DNNL_ARG_BIAS, view(context, cached.plain_bias, options.bias.data));
  cached.primitive.execute(context.stream(), arguments);
  if (cached.reorder_output) cached.reorder_output->execute(context.stream(), target, plain_output);
  context.stream().wait();
}

}  // namespace

void conv2d(DnnlContext& context, const Conv2dOptions& options, const CancelFlag* cancelled, float* output) {
  if (options.batch * options.outputs * options.output_height * options.output_width == 0) return;
  const size_t weights = options.outputs * options.inputs * options.kernel_height * options.kernel_width;
  const Widened weight(context.allocator(), options.weight, weights);
  const Widened bias(context.allocator(), options.bias, options.outputs);
  Conv2dOptions wide = options;
  wide.weight = weight.weight();
  wide.bias = bias.weight();
  const double operations_per_row = 2.0 * static_cast<double>(weights * options.batch * options.output_width);
  size_t rows = rows_per_call(options.output_height, operations_per_row);
  // A band must touch the input, which many rows of zeros could keep it from.
  if (options.top >= options.kernel_height || options.bottom >= options.kernel_height) rows = options.output_height;
  for (size_t row = 0; row < options.output_height && !is_cancelled(cancelled); row += rows) {
    convolve(context, wide, band_of(options, row, std::min(rows, options.output_height - row)), output);
  }
}

}  // namespace paroattn
