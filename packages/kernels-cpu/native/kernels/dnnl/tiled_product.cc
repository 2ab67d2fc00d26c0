#include "dnnl/tiled_product.h"

#include <array>

namespace paroattn {
namespace {

using dnnl::memory;

struct TilePrimitive : CachedPrimitive {
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul primitive;
};

// A shape may come with several layouts of the weight: what was packed for other rows is used as it is.
const TilePrimitive& tile_primitive(DnnlContext& context, const TileShape& shape, const memory::desc& packed) {
  const auto dim = [](size_t size) { return static_cast<int64_t>(size); };
  const dnnl_blocking_desc_t& layout = packed.data.format_desc.blocking;
  DnnlContext::Key key = {'t', dim(shape.rows), dim(shape.inputs), dim(shape.columns), dim(shape.stride), shape.bias};
  key.insert(key.end(), layout.strides, layout.strides + packed.data.ndims);
  key.insert(key.end(), layout.inner_blks, layout.inner_blks + layout.inner_nblks);
  key.insert(key.end(), layout.inner_idxs, layout.inner_idxs + layout.inner_nblks);
  return context.primitive<TilePrimitive>(key, [&] {
    auto made = std::make_unique<TilePrimitive>();
    made->desc = describe_tile(context, shape, packed);
    made->primitive = dnnl::matmul(made->desc);
    return made;
  });
}

}  // namespace

// What one thread gives oneDNN for one shape of tile: made once, pointed at each tile in turn.
struct TiledProduct::Call {
  const TilePrimitive* primitive = nullptr;
  memory source, bias, target, scratchpad;
};

TiledProduct::TiledProduct(DnnlContext& context, const TiledProductOptions& options)
    : options_(options),
      context_(context),
      weight_(context.allocator(), options.weight.layer(options.layer), options.weight.numbers()),
      bias_(context.allocator(), options.bias, options.weight.outputs()) {
  const float* const panels = static_cast<const float*>(weight_.weight().data);
  for (size_t panel = 0; panel < this->panels().count; ++panel) {
    weights_.push_back(view(context, options.weight.panel_desc(panel), panels + options.weight.panel_at(panel)));
  }
  make_calls();
}

TiledProduct::~TiledProduct() = default;

void TiledProduct::make_calls() {
  const size_t threads = thread_count();
  calls_.resize(threads * kShapes);
  const Pieces& chunks = options_.chunks;
  const PackedWeight& weight = options_.weight;
  for (const size_t chunk : {size_t{0}, chunks.count - 1}) {
    for (const size_t panel : {size_t{0}, panels().count - 1}) {
      const TileShape shape = {chunks.size(chunk), weight.inputs(), panels().size(panel), weight.outputs(),
                               static_cast<bool>(options_.bias)};
      const TilePrimitive& primitive = tile_primitive(context_, shape, weight.panel_desc(panel));
      for (size_t thread = 0; thread < threads; ++thread) {
        Call& call = calls_[thread * kShapes + shape_of(chunk, panel)];
        if (call.primitive != nullptr) continue;
        const memory::desc scratchpad = primitive.desc.scratchpad_desc();
        scratchpads_.emplace_back(scratchpad.get_size(), context_.allocator());
        // The views are pointed elsewhere before they are used.
        call.primitive = &primitive;
        const void* const somewhere = weight_.weight().data;
        call.source = view(context_, primitive.desc.src_desc(), somewhere);
        call.target = view(context_, primitive.desc.dst_desc(), somewhere);
        if (options_.bias) call.bias = view(context_, primitive.desc.bias_desc(), somewhere);
        call.scratchpad = view(context_, scratchpad, scratchpads_.back().data());
      }
    }
  }
}

// Tiles at the lower and the right edge may be smaller: four shapes at most.
size_t TiledProduct::shape_of(size_t chunk, size_t panel) const {
  const Pieces& chunks = options_.chunks;
  return 2 * size_t{chunks.size(chunk) != chunks.piece} + size_t{panels().size(panel) != panels().piece};
}

void TiledProduct::multiply(size_t thread, size_t chunk, size_t panel, const float* input, float* output) noexcept {
  const Call& call = calls_[thread * kShapes + shape_of(chunk, panel)];
  const auto check = [&](dnnl_status_t status) {
    if (status != dnnl_success) failure_ = status;
  };
  // The C interface: it does not throw, which a parallel loop could not bear.
  const auto point = [&](const memory& at, const float* data) {
    check(dnnl_memory_set_data_handle(at.get(), const_cast<float*>(data)));
  };
  point(call.source, input);
  point(call.target, output + panels().first(panel));
  std::array<dnnl_exec_arg_t, 5> arguments = {{{DNNL_ARG_SRC, call.source.get()},
                                               {DNNL_ARG_WEIGHTS, weights_[panel].get()},
                                               {DNNL_ARG_DST, call.target.get()},
                                               {DNNL_ARG_SCRATCHPAD, call.scratchpad.get()},
                                               {}}};
  int count = 4;
  if (options_.bias) {
    point(call.bias, static_cast<const float*>(bias_.weight().data) + panels().first(panel));
    arguments[count++] = {DNNL_ARG_BIAS, call.bias.get()};
  }
  check(dnnl_primitive_execute(call.primitive->primitive.get(), context_.stream().get(), count, arguments.data()));
}

void TiledProduct::raise() const {
  if (failure_ != dnnl_success) throw dnnl::error(failure_, "oneDNN could not multiply");
}

}  // namespace paroattn
