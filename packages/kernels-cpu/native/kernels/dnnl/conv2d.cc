// Convolution through oneDNN in the layout that it likes best. The tensors around it are plain [batch, channels, height,
// width], so they are rearranged on the way in and out where that layout is another one.
#include "dnnl/conv2d.h"

#include <optional>

namespace paroattn {
namespace {

using dnnl::memory;

constexpr auto kF32 = memory::data_type::f32;

memory::dim dim(size_t size) { return static_cast<memory::dim>(size); }

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

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const Conv2dOptions& options) {
  const memory::dims input = {dim(options.batch), dim(options.inputs), dim(options.height), dim(options.width)};
  const memory::dims weight = {dim(options.outputs), dim(options.inputs), dim(options.kernel_height),
                               dim(options.kernel_width)};
  const memory::dims output = {dim(options.batch), dim(options.outputs), dim(options.output_height),
                               dim(options.output_width)};
  const memory::dims strides = {dim(options.stride), dim(options.stride)};
  const memory::dims before = {dim(options.top), dim(options.left)};
  const memory::dims after = {dim(options.bottom), dim(options.right)};
  const auto any = [](const memory::dims& dims) { return memory::desc(dims, kF32, memory::format_tag::any); };
  const auto plain = [](const memory::dims& dims) { return memory::desc(dims, kF32, memory::format_tag::abcd); };

  auto made = std::make_unique<ConvolutionPrimitive>();
  made->plain_input = plain(input);
  made->plain_weight = plain(weight);
  made->plain_output = plain(output);
  made->plain_bias = memory::desc({dim(options.outputs)}, kF32, memory::format_tag::a);
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  using Descriptor = dnnl::convolution_forward::desc;
  const Descriptor operation =
      options.bias
          ? Descriptor(kind, algorithm, any(input), any(weight), made->plain_bias, any(output), strides, before, after)
          : Descriptor(kind, algorithm, any(input), any(weight), any(output), strides, before, after);
  made->desc = dnnl::convolution_forward::primitive_desc(operation, context.engine());
  made->primitive = dnnl::convolution_forward(made->desc);
  made->reorder_input = reorder_between(context, made->plain_input, made->desc.src_desc());
  made->reorder_weight = reorder_between(context, made->plain_weight, made->desc.weights_desc());
  made->reorder_output = reorder_between(context, made->desc.dst_desc(), made->plain_output);
  return made;
}

DnnlContext::Key key_of(const Conv2dOptions& options) {
  DnnlContext::Key key = {'c'};
  for (const size_t size :
       {options.batch, options.inputs, options.height, options.width, options.outputs, options.kernel_height,
        options.kernel_width, options.stride, options.top, options.bottom, options.left, options.right}) {
    key.push_back(dim(size));
  }
  key.push_back(static_cast<bool>(options.bias));
  return key;
}

}  // namespace

void conv2d(DnnlContext& context, const Conv2dOptions& options, float* output) {
  if (options.batch * options.outputs * options.output_height * options.output_width == 0) return;
  auto& cached = context.primitive<ConvolutionPrimitive>(key_of(options), [&] { return make(context, options); });

  const size_t weights = options.outputs * options.inputs * options.kernel_height * options.kernel_width;
  const bool widen_weight = options.weight.type != WeightType::kF32;
  const bool widen_bias = options.bias && options.bias.type != WeightType::kF32;
  const Scratch wide_weight(context.scratch(), widen_weight ? weights * 4 : 0);
  const Scratch wide_bias(context.scratch(), widen_bias ? options.outputs * 4 : 0);
  if (widen_weight) widen_parallel(options.weight, weights, wide_weight.floats());
  if (widen_bias) widen(options.bias, 0, options.outputs, wide_bias.floats());
  const void* const weight = widen_weight ? wide_weight.data() : options.weight.data;
  const void* const bias = widen_bias ? wide_bias.data() : options.bias.data;

  const auto scratch_for = [&](const std::optional<dnnl::reorder>& reorder, const memory::desc& desc) {
    return reorder ? desc.get_size() : 0;
  };
  const Scratch packed_input(context.scratch(), scratch_for(cached.reorder_input, cached.desc.src_desc()));
  const Scratch packed_weight(context.scratch(), scratch_for(cached.reorder_weight, cached.desc.weights_desc()));
  const Scratch packed_output(context.scratch(), scratch_for(cached.reorder_output, cached.desc.dst_desc()));

  memory source = view(context, cached.plain_input, options.input);
  if (cached.reorder_input) {
    memory packed = view(context, cached.desc.src_desc(), packed_input.data());
    cached.reorder_input->execute(context.stream(), source, packed);
    source = packed;
  }
  memory kernel = view(context, cached.plain_weight, weight);
  if (cached.reorder_weight) {
    memory packed = view(context, cached.desc.weights_desc(), packed_weight.data());
    cached.reorder_weight->execute(context.stream(), kernel, packed);
    kernel = packed;
  }
  memory plain_output = view(context, cached.plain_output, output);
  memory target =
      cached.reorder_output ? view(context, cached.desc.dst_desc(), packed_output.data()) : plain_output;
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, kernel}, {DNNL_ARG_DST, target}};
  if (options.bias) arguments.emplace(DNNL_ARG_BIAS, view(context, cached.plain_bias, bias));
  cached.primitive.execute(context.stream(), arguments);
  if (cached.reorder_output) cached.reorder_output->execute(context.stream(), target, plain_output);
  context.stream().wait();
}

}  // namespace paroattn
