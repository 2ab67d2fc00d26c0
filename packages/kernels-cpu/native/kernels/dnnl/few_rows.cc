#include "dnnl/few_rows.h"

#include <algorithm>

#include "dnnl/widened.h"

namespace paroattn {
namespace {

using dnnl::memory;

struct FewRowsPrimitive : CachedPrimitive {
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul primitive;
};

// Some outputs of all: one panel of the weight, written between the others.
struct Panel {
  size_t first, count;
};

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const LinearOptions& options, const Panel& panel) {
  const memory::dim rows = static_cast<memory::dim>(options.rows);
  const memory::dim inputs = static_cast<memory::dim>(options.inputs);
  const memory::dim outputs = static_cast<memory::dim>(panel.count);
  const auto f32 = memory::data_type::f32;
  const memory::desc source({rows, inputs}, f32, memory::format_tag::ab);
  const memory::desc weight({inputs, outputs}, f32, memory::format_tag::ba);
  const memory::desc bias({1, outputs}, f32, memory::format_tag::ab);
  const memory::desc target({rows, outputs}, f32, {static_cast<memory::dim>(options.outputs), 1});
  auto made = std::make_unique<FewRowsPrimitive>();
  const dnnl::matmul::desc operation = options.bias ? dnnl::matmul::desc(source, weight, bias, target)
                                                    : dnnl::matmul::desc(source, weight, target);
  made->desc = dnnl::matmul::primitive_desc(operation, context.engine());
  made->primitive = dnnl::matmul(made->desc);
  return made;
}

// One panel of the product in one call. `weight` holds the panel, as f32; the bias is f32 too.
void multiply(DnnlContext& context, const LinearOptions& options, const Panel& panel, const float* weight,
              float* output) {
  const DnnlContext::Key key = {'f', static_cast<int64_t>(options.rows), static_cast<int64_t>(options.inputs),
                                static_cast<int64_t>(options.outputs), static_cast<int64_t>(panel.count),
                                static_cast<bool>(options.bias)};
  auto& cached = context.primitive<FewRowsPrimitive>(key, [&] { return make(context, options, panel); });
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, view(context, cached.desc.src_desc(), options.input)},
      {DNNL_ARG_WEIGHTS, view(context, cached.desc.weights_desc(), weight)},
      {DNNL_ARG_DST, view(context, cached.desc.dst_desc(), output + panel.first)},
  };
  if (options.bias) {
    const memory::desc desc({1, static_cast<memory::dim>(panel.count)}, memory::data_type::f32,
                            memory::format_tag::ab);
    arguments.emplace(DNNL_ARG_BIAS, view(context, desc, static_cast<const float*>(options.bias.data) + panel.first));
  }
  cached.primitive.execute(context.stream(), arguments);
  context.stream().wait();
}

// With very few rows the product waits for memory: half-precision weights are widened panel by panel then, into memory
// that stays in cache, and cost what f32 weights do. With more, oneDNN wants many outputs at once.
constexpr size_t kMostRowsOfPanels = 12;
constexpr size_t kPanelWeights = size_t{1} << 20;
// Fewer outputs would not fill oneDNN's tiles.
constexpr size_t kLeastPanelOutputs = 64;

size_t outputs_per_panel(const LinearOptions& options) {
  if (options.weight.type == WeightType::kF32 || options.rows > kMostRowsOfPanels) return options.outputs;
  const size_t outputs = kPanelWeights / options.inputs / kLeastPanelOutputs * kLeastPanelOutputs;
  return std::min(std::max(outputs, kLeastPanelOutputs), options.outputs);
}

}  // namespace

void product_of_few_rows(DnnlContext& context, const LinearOptions& options, const CancelFlag* cancelled,
                         float* output) {
  const Widened bias(context.allocator(), options.bias, options.outputs);
  LinearOptions call = options;
  call.bias = bias.weight();
  const size_t outputs = outputs_per_panel(options);
  const bool wide = options.weight.type == WeightType::kF32;
  const AlignedBuffer widened(wide ? 0 : outputs * options.inputs * sizeof(float), context.allocator());
  for (size_t first = 0; first < options.outputs; first += outputs) {
    if (is_cancelled(cancelled)) return;
    const Panel panel{first, std::min(outputs, options.outputs - first)};
    if (!wide) widen_parallel(options.weight, first * options.inputs, panel.count * options.inputs, widened.floats());
    const float* const weight = wide ? static_cast<const float*>(options.weight.data) : widened.floats();
    multiply(context, call, panel, weight, output);
  }
}

}  // namespace paroattn
