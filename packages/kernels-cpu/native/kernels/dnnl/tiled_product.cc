#include "dnnl/tiled_product.h"

#include <algorithm>
#include <array>

#include "dnnl/widened.h"

namespace paroattn {
namespace {

using dnnl::memory;

memory::dim dim(size_t size) { return static_cast<memory::dim>(size); }

// One call of oneDNN for one tile: [rows, inputs] x [inputs, columns], on the thread that makes it.
struct TilePrimitive : CachedPrimitive {
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul primitive;
  memory::desc plain_weight, bias;
  dnnl::reorder pack;
};

// oneDNN plans a primitive for as many threads as the one that makes it may use.
class OneThread {
 public:
  OneThread() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_;
};

struct TileShape {
  size_t rows, inputs, columns, stride;
  bool bias;
};

dnnl::matmul::primitive_desc describe(const DnnlContext& context, const TileShape& shape, const memory::desc& weight) {
  const OneThread one_thread;
  const auto f32 = memory::data_type::f32;
  const memory::desc source({dim(shape.rows), dim(shape.inputs)}, f32, memory::format_tag::ab);
  const memory::desc bias({1, dim(shape.columns)}, f32, memory::format_tag::ab);
  const memory::desc target({dim(shape.rows), dim(shape.columns)}, f32, {dim(shape.stride), 1});
  const dnnl::matmul::desc operation = shape.bias ? dnnl::matmul::desc(source, weight, bias, target)
                                                  : dnnl::matmul::desc(source, weight, target);
  dnnl::primitive_attr attributes;
  // Several threads run the primitive at once, each with a scratchpad of its own.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return dnnl::matmul::primitive_desc(operation, attributes, context.engine());
}

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const TileShape& shape,
                                      const memory::desc* packed_weight) {
  const auto f32 = memory::data_type::f32;
  const memory::dims weight = {dim(shape.inputs), dim(shape.columns)};
  auto made = std::make_unique<TilePrimitive>();
  made->plain_weight = memory::desc(weight, f32, memory::format_tag::ba);
  made->bias = memory::desc({1, dim(shape.columns)}, f32, memory::format_tag::ab);
  made->desc = describe(context, shape,
                        packed_weight == nullptr ? memory::desc(weight, f32, memory::format_tag::any) : *packed_weight);
  made->primitive = dnnl::matmul(made->desc);
  made->pack = dnnl::reorder(dnnl::reorder::primitive_desc(context.engine(), made->plain_weight, context.engine(),
                                                           made->desc.weights_desc()));
  return made;
}

// The layout of the weight is oneDNN's choice unless it is given.
TilePrimitive& tile_primitive(DnnlContext& context, const TileShape& shape,
                              const memory::desc* packed_weight = nullptr) {
  const DnnlContext::Key key = {'t',           dim(shape.rows),   dim(shape.inputs), dim(shape.columns),
                                dim(shape.stride), shape.bias, packed_weight != nullptr};
  return context.primitive<TilePrimitive>(key, [&] { return make(context, shape, packed_weight); });
}

// Weights of a panel: 640 kB.
constexpr size_t kPanelWeights = size_t{160} << 10;
// oneDNN's tiles are so wide.
constexpr size_t kColumnMultiple = 64;

}  // namespace

Pieces::Pieces(size_t all, size_t most, size_t multiple) : length(all) {
  const size_t pieces = (all + std::max(most, multiple) - 1) / std::max(most, multiple);
  const size_t even = (all + pieces - 1) / pieces;
  piece = std::min(all, (even + multiple - 1) / multiple * multiple);
  count = (all + piece - 1) / piece;
}

// What one thread gives oneDNN for one shape of tile: made once, pointed at each tile in turn.
struct TiledProduct::Call {
  const TilePrimitive* primitive = nullptr;
  memory source, bias, target, scratchpad;
};

TiledProduct::TiledProduct(DnnlContext& context, const TiledProductOptions& options)
    : options_(options),
      panels_(options.outputs, kPanelWeights / options.inputs, kColumnMultiple),
      context_(context),
      bias_(context.allocator(), options.bias, options.outputs) {
  pack();
  make_calls();
}

TiledProduct::~TiledProduct() = default;

void TiledProduct::pack() {
  const size_t inputs = options_.inputs;
  const bool bias = static_cast<bool>(options_.bias);
  TileShape shape = {options_.chunks.piece, inputs, panels_.piece, options_.stride, bias};
  const size_t bytes = tile_primitive(context_, shape).desc.weights_desc().get_size();
  const size_t stride = (bytes + 63) / 64 * 64;
  packed_ = AlignedBuffer(stride * panels_.count, context_.allocator());
  const bool wide = options_.weight.type == WeightType::kF32;
  const AlignedBuffer widened(wide ? 0 : panels_.piece * inputs * sizeof(float), context_.allocator());
  for (size_t panel = 0; panel < panels_.count; ++panel) {
    const size_t first = panels_.first(panel) * inputs;
    if (!wide) widen_parallel(options_.weight, first, panels_.size(panel) * inputs, widened.floats());
    shape.columns = panels_.size(panel);
    TilePrimitive& primitive = tile_primitive(context_, shape);
    memory plain = view(context_, primitive.plain_weight,
                        wide ? static_cast<const float*>(options_.weight.data) + first : widened.floats());
    memory packed = view(context_, primitive.desc.weights_desc(), static_cast<char*>(packed_.data()) + panel * stride);
    primitive.pack.execute(context_.stream(), plain, packed);
    context_.stream().wait();
    weights_.push_back(std::move(packed));
  }
}

void TiledProduct::make_calls() {
  const size_t threads = thread_count();
  calls_.resize(threads * kShapes);
  const Pieces& chunks = options_.chunks;
  for (const size_t chunk : {size_t{0}, chunks.count - 1}) {
    for (const size_t panel : {size_t{0}, panels_.count - 1}) {
      const memory::desc packed = weights_[panel].get_desc();
      const TileShape shape = {chunks.size(chunk), options_.inputs, panels_.size(panel), options_.stride,
                               static_cast<bool>(options_.bias)};
      const TilePrimitive& primitive = tile_primitive(context_, shape, chunk == 0 ? nullptr : &packed);
      for (size_t thread = 0; thread < threads; ++thread) {
        Call& call = calls_[thread * kShapes + shape_of(chunk, panel)];
        if (call.primitive != nullptr) continue;
        const memory::desc scratchpad = primitive.desc.scratchpad_desc();
        scratchpads_.emplace_back(scratchpad.get_size(), context_.allocator());
        // The views are pointed elsewhere before they are used.
        call.primitive = &primitive;
        call.source = view(context_, primitive.desc.src_desc(), packed_.data());
        call.target = view(context_, primitive.desc.dst_desc(), packed_.data());
        if (options_.bias) call.bias = view(context_, primitive.bias, bias_.weight().data);
        call.scratchpad = view(context_, scratchpad, scratchpads_.back().data());
      }
    }
  }
}

// Tiles at the lower and the right edge may be smaller: four shapes at most.
size_t TiledProduct::shape_of(size_t chunk, size_t panel) const {
  const Pieces& chunks = options_.chunks;
  return 2 * size_t{chunks.size(chunk) != chunks.piece} + size_t{panels_.size(panel) != panels_.piece};
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
  point(call.target, output + panels_.first(panel));
  std::array<dnnl_exec_arg_t, 5> arguments = {{{DNNL_ARG_SRC, call.source.get()},
                                               {DNNL_ARG_WEIGHTS, weights_[panel].get()},
                                               {DNNL_ARG_DST, call.target.get()},
                                               {DNNL_ARG_SCRATCHPAD, call.scratchpad.get()},
                                               {}}};
  int count = 4;
  if (options_.bias) {
    point(call.bias, static_cast<const float*>(bias_.weight().data) + panels_.first(panel));
    arguments[count++] = {DNNL_ARG_BIAS, call.bias.get()};
  }
  check(dnnl_primitive_execute(call.primitive->primitive.get(), context_.stream().get(), count, arguments.data()));
}

void TiledProduct::raise() const {
  if (failure_ != dnnl_success) throw dnnl::error(failure_, "oneDNN could not multiply");
}

}  // namespace paroattn
