#include "dnnl/packed_weight.h"

#include <algorithm>

#include "common/parallel.h"
#include "dnnl/tile.h"

namespace paroattn {
namespace {

// Weights of a panel: 640 kB.
constexpr size_t kPanelWeights = size_t{160} << 10;
// oneDNN's tiles are so wide.
constexpr size_t kColumnMultiple = 64;
// Floats of a cache line, at which each panel begins.
constexpr size_t kLine = 16;

struct Packing : CachedPrimitive {
  dnnl::memory::desc plain, packed;
  dnnl::reorder pack, unpack;
};

std::unique_ptr<CachedPrimitive> make(const DnnlContext& context, const TileShape& shape) {
  using dnnl::memory;
  auto made = std::make_unique<Packing>();
  made->plain = plain_weight_of_tile(shape);
  const memory::desc any(made->plain.dims(), memory::data_type::f32, memory::format_tag::any);
  made->packed = describe_tile(context, shape, any).weights_desc();
  const dnnl::engine& engine = context.engine();
  made->pack = dnnl::reorder(dnnl::reorder::primitive_desc(engine, made->plain, engine, made->packed));
  made->unpack = dnnl::reorder(dnnl::reorder::primitive_desc(engine, made->packed, engine, made->plain));
  return made;
}

Packing& packing(DnnlContext& context, const WeightShape& weight, size_t columns) {
  const TileShape shape = {weight.rows_of_tile, weight.inputs, columns, weight.outputs, weight.bias};
  const auto dim = [](size_t size) { return static_cast<int64_t>(size); };
  const DnnlContext::Key key = {'p', dim(shape.rows), dim(shape.inputs), dim(shape.columns), dim(shape.stride), shape.bias};
  return context.primitive<Packing>(key, [&] { return make(context, shape); });
}

// To the end of the last cache line: what comes after the panel is never multiplied, but widened along.
size_t numbers_of(const dnnl::memory::desc& desc) {
  const size_t numbers = desc.get_size() / sizeof(float);
  return (numbers + kLine - 1) / kLine * kLine;
}

void run(DnnlContext& context, const dnnl::reorder& reorder, const dnnl::memory::desc& from_desc, const float* from,
         const dnnl::memory::desc& to_desc, float* to) {
  dnnl::memory source = view(context, from_desc, from);
  dnnl::memory target = view(context, to_desc, to);
  reorder.execute(context.stream(), source, target);
  context.stream().wait();
}

// oneDNN moves floats. As whole numbers, words of 16 bits pass through it unchanged whatever they mean.
void floats_of_words(const uint16_t* words, size_t count, float* floats) {
  parallel_ranges(count, kParallelGrain, nullptr, [&](size_t begin, size_t end) {
    std::copy(words + begin, words + end, floats + begin);
  });
}

void words_of_floats(const float* floats, size_t count, uint16_t* words) {
  parallel_ranges(count, kParallelGrain, nullptr, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) words[i] = static_cast<uint16_t>(floats[i]);
  });
}

}  // namespace

// Of a panel of all layers: where it lies, in numbers, and how many these are.
struct PackedWeight::Place {
  size_t columns;
  size_t plain, plain_numbers;
  size_t packed, packed_numbers;
};

PackedWeight::Place PackedWeight::place_of(size_t index) const noexcept {
  const size_t layer = index / panels_.count;
  const size_t panel = index % panels_.count;
  const size_t columns = panels_.size(panel);
  return {columns, (layer * shape_.outputs + panels_.first(panel)) * shape_.inputs, columns * shape_.inputs,
          layer * numbers() + panel_at(panel), panel + 1 < panels_.count ? full_numbers_ : last_numbers_};
}

PackedWeight::PackedWeight(DnnlContext& context, const Weight& plain, const WeightShape& shape, WeightType type)
    : shape_(shape), type_(type), panels_(shape.outputs, kPanelWeights / shape.inputs, kColumnMultiple) {
  full_ = packing(context, shape, panels_.piece).packed;
  last_ = packing(context, shape, panels_.size(panels_.count - 1)).packed;
  full_numbers_ = numbers_of(full_);
  last_numbers_ = numbers_of(last_);
  data_ = AlignedBuffer(shape.layers * numbers() * bytes_of(type), context.allocator());
  const bool wide = plain.type == WeightType::kF32;
  const bool narrow = type != WeightType::kF32;
  const Place first = place_of(0);
  const AlignedBuffer plain_floats(wide ? 0 : first.plain_numbers * sizeof(float), context.allocator());
  const AlignedBuffer packed_floats(narrow ? first.packed_numbers * sizeof(float) : 0, context.allocator());
  for (size_t i = 0; i < shape.layers * panels_.count; ++i) {
    const Place place = place_of(i);
    const Weight from = plain.from(place.plain);
    if (narrow) {
      floats_of_words(static_cast<const uint16_t*>(from.data), place.plain_numbers, plain_floats.floats());
    } else if (!wide) {
      widen_parallel(from, 0, place.plain_numbers, plain_floats.floats());
    }
    const float* const source = wide ? static_cast<const float*>(from.data) : plain_floats.floats();
    float* const target = narrow ? packed_floats.floats() : data_.floats() + place.packed;
    const Packing& panel = packing(context, shape, place.columns);
    std::fill_n(target + place.packed_numbers - kLine, kLine, 0.0f);
    run(context, panel.pack, panel.plain, source, panel.packed, target);
    if (narrow) words_of_floats(target, place.packed_numbers, static_cast<uint16_t*>(data_.data()) + place.packed);
  }
}

void PackedWeight::unpack(DnnlContext& context, void* plain) const {
  const bool narrow = type_ != WeightType::kF32;
  const Place first = place_of(0);
  const AlignedBuffer plain_floats(narrow ? first.plain_numbers * sizeof(float) : 0, context.allocator());
  const AlignedBuffer packed_floats(narrow ? first.packed_numbers * sizeof(float) : 0, context.allocator());
  for (size_t i = 0; i < shape_.layers * panels_.count; ++i) {
    const Place place = place_of(i);
    if (narrow) {
      const uint16_t* const words = static_cast<const uint16_t*>(data_.data()) + place.packed;
      floats_of_words(words, place.packed_numbers, packed_floats.floats());
    }
    const float* const source = narrow ? packed_floats.floats() : data_.floats() + place.packed;
    float* const target = narrow ? plain_floats.floats() : static_cast<float*>(plain) + place.plain;
    const Packing& panel = packing(context, shape_, place.columns);
    run(context, panel.unpack, panel.packed, source, panel.plain, target);
    if (narrow) words_of_floats(target, place.plain_numbers, static_cast<uint16_t*>(plain) + place.plain);
  }
}

bool PackedWeight::fits(DnnlContext& context, const WeightShape& shape, WeightType type) const {
  return type == type_ && shape.layers == shape_.layers && shape.inputs == shape_.inputs &&
         shape.outputs == shape_.outputs && packing(context, shape, panels_.piece).packed == full_ &&
         packing(context, shape, panels_.size(panels_.count - 1)).packed == last_;
}

Weight PackedWeight::layer(size_t index) const noexcept {
  return Weight{data_.data(), type_}.from(index * numbers());
}

}  // namespace paroattn
