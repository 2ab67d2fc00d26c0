// Convolution through oneDNN in the layout that it likes best. The tensors around it are plain [batch, channels, axes...],
// so they are rearranged on the way in and out where that layout is another one. Long convolutions run in bands of output
// rows (of a video: of frames, and of rows where one frame is long), which also bounds the memory of the rearranged copies.
#include "dnnl/convolution.h"

#include <algorithm>
#include <optional>

#include "dnnl/long_calls.h"
#include "dnnl/widened.h"

namespace paroattn {
namespace {

using dnnl::memory;

constexpr auto kF32 = memory::data_type::f32;

memory::dim dim(size_t size) { return static_cast<memory::dim>(size); }

// A stretch of an axis: of its input, with the zeros around it, and of its output.
struct Stretch {
  size_t first, count;
  size_t before, after;
  size_t output_first, output_count;
};

// One call: a stretch of each axis.
using Band = std::vector<Stretch>;

// Output positions first .. first + count; the input that they read begins and ends where the axis does.
Stretch stretch_of(const ConvolutionAxis& axis, size_t first, size_t count) {
  const size_t start = first * axis.stride;  // counted from the first of the zeros
  const size_t end = (first + count - 1) * axis.stride + axis.kernel;
  const size_t before = axis.before > start ? std::min(axis.before, end) - start : 0;
  const size_t low = std::min(std::max(start, axis.before) - axis.before, axis.size);
  const size_t high = std::max(low, std::min(end - std::min(end, axis.before), axis.size));
  return {low, high - low, before, end - start - before - (high - low), first, count};
}

// A part of a plain tensor, [batch, channels, counts...] of [batch, channels, sizes...], and where it begins.
struct Part {
  memory::desc desc;
  size_t offset;
};

template <typename Size, typename First, typename Count>
Part part_of(const ConvolutionOptions& options, const Band& band, size_t channels, Size size, First first,
             Count count) {
  const size_t axes = band.size();
  memory::dims dims = {dim(options.batch), dim(channels)};
  memory::dims strides(2 + axes);
  size_t stride = 1, offset = 0;
  for (size_t axis = axes; axis-- > 0;) {
    strides[2 + axis] = dim(stride);
    offset += first(band[axis]) * stride;
    stride *= size(options.axes[axis]);
  }
  for (const Stretch& stretch : band) dims.push_back(dim(count(stretch)));
  strides[1] = dim(stride);
  strides[0] = dim(stride * channels);
  return {memory::desc(dims, kF32, strides), offset};
}

Part input_of(const ConvolutionOptions& options, const Band& band) {
  return part_of(
      options, band, options.inputs, [](const ConvolutionAxis& axis) { return axis.size; },
      [](const Stretch& stretch) { return stretch.first; }, [](const Stretch& stretch) { return stretch.count; });
}

Part output_of(const ConvolutionOptions& options, const Band& band) {
  return part_of(
      options, band, options.outputs, [](const ConvolutionAxis& axis) { return axis.output; },
      [](const Stretch& stretch) { return stretch.output_first; },
      [](const Stretch& stretch) { return stretch.output_count; });
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

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const ConvolutionOptions& options,
                                      const Band& band) {
  memory::dims weight = {dim(options.outputs), dim(options.inputs)};
  memory::dims strides, before, after;
  for (size_t axis = 0; axis < band.size(); ++axis) {
    weight.push_back(dim(options.axes[axis].kernel));
    strides.push_back(dim(options.axes[axis].stride));
    before.push_back(dim(band[axis].before));
    after.push_back(dim(band[axis].after));
  }
  const auto any = [](const memory::dims& dims) { return memory::desc(dims, kF32, memory::format_tag::any); };
  const bool video = band.size() == 3;

  auto made = std::make_unique<ConvolutionPrimitive>();
  made->plain_input = input_of(options, band).desc;
  made->plain_weight = memory::desc(weight, kF32, video ? memory::format_tag::abcde : memory::format_tag::abcd);
  made->plain_output = output_of(options, band).desc;
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

DnnlContext::Key key_of(const ConvolutionOptions& options, const Band& band) {
  DnnlContext::Key key = {'c'};
  for (const size_t size : {options.batch, options.inputs, options.outputs}) key.push_back(dim(size));
  for (size_t axis = 0; axis < band.size(); ++axis) {
    const ConvolutionAxis& whole = options.axes[axis];
    const Stretch& part = band[axis];
    for (const size_t size : {whole.size, whole.kernel, whole.output, whole.stride, part.count, part.before,
                              part.after, part.output_count}) {
      key.push_back(dim(size));
    }
  }
  key.push_back(static_cast<bool>(options.bias));
  return key;
}

// Weight and bias are f32.
void convolve(DnnlContext& context, const ConvolutionOptions& options, const Band& band, float* output) {
  auto& cached =
      context.primitive<ConvolutionPrimitive>(key_of(options, band), [&] { return make(context, options, band); });
  const auto size_if = [](const std::optional<dnnl::reorder>& reorder, const memory::desc& desc) {
    return reorder ? desc.get_size() : 0;
  };
  const AlignedBuffer packed_input(size_if(cached.reorder_input, cached.desc.src_desc()), context.allocator());
  const AlignedBuffer packed_weight(size_if(cached.reorder_weight, cached.desc.weights_desc()), context.allocator());
  const AlignedBuffer packed_output(size_if(cached.reorder_output, cached.desc.dst_desc()), context.allocator());

  memory source = view(context, cached.plain_input, options.input + input_of(options, band).offset);
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
  memory plain_output = view(context, cached.plain_output, output + output_of(options, band).offset);
  memory target = cached.reorder_output ? view(context, cached.desc.dst_desc(), packed_output.data()) : plain_output;
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DST, target}};
  if (options.bias) arguments.emplace(DNNL_ARG_BIAS, view(context, cached.plain_bias, options.bias.data));
  cached.primitive.execute(context.stream(), arguments);
  if (cached.reorder_output) cached.reorder_output->execute(context.stream(), target, plain_output);
  context.stream().wait();
}

// Cuts the axes from `axis` on, whose calls so far would cost so many operations, until one call is short enough.
void convolve_in_bands(DnnlContext& context, const ConvolutionOptions& options, const CancelFlag* cancelled,
                       float* output, Band& band, size_t axis, double operations) {
  if (axis + 1 == options.axes.size()) {
    if (!is_cancelled(cancelled)) convolve(context, options, band, output);
    return;
  }
  const ConvolutionAxis& cut = options.axes[axis];
  const double operations_each = operations / static_cast<double>(cut.output);
  size_t count = rows_per_call(cut.output, operations_each);
  // A band must touch the input, which many zeros could keep it from.
  if (cut.before >= cut.kernel || cut.after >= cut.kernel) count = cut.output;
  for (size_t first = 0; first < cut.output && !is_cancelled(cancelled); first += count) {
    const size_t some = std::min(count, cut.output - first);
    band[axis] = stretch_of(cut, first, some);
    convolve_in_bands(context, options, cancelled, output, band, axis + 1,
                      operations_each * static_cast<double>(some));
  }
}

}  // namespace

void convolution(DnnlContext& context, const ConvolutionOptions& options, const CancelFlag* cancelled, float* output) {
  size_t weights = options.outputs * options.inputs;
  size_t positions = options.batch;
  Band band;
  for (const ConvolutionAxis& axis : options.axes) {
    weights *= axis.kernel;
    positions *= axis.output;
    if (axis.output > 0) band.push_back(stretch_of(axis, 0, axis.output));
  }
  if (positions * options.outputs == 0) return;
  const Widened weight(context.allocator(), options.weight, weights);
  const Widened bias(context.allocator(), options.bias, options.outputs);
  ConvolutionOptions wide = options;
  wide.weight = weight.weight();
  wide.bias = bias.weight();
  const double operations = 2.0 * static_cast<double>(weights) * static_cast<double>(positions);
  convolve_in_bands(context, wide, cancelled, output, band, 0, operations);
}

}  // namespace paroattn
