#include "dnnl/feed_forward.h"

#include <deque>
#include <optional>

#include "dnnl/linear.h"
#include "dnnl/tiled_product.h"
#include "elementwise/finish.h"
#include "elementwise/softmax.h"

namespace paroattn {
namespace {

// One inner and one outer layer, and the rows that they are for.
struct Part {
  Weight inner_weight, inner_bias, outer_weight, outer_bias;
  size_t first_batch, batch;
};

std::vector<Part> parts_of(const FeedForwardOptions& options) {
  if (!options.weights_of_rows) {
    return {{options.inner_weight, options.inner_bias, options.outer_weight, options.outer_bias, 0, options.batch}};
  }
  std::vector<Part> parts;
  for (size_t row = 0; row < options.batch; ++row) {
    parts.push_back({options.inner_weight.from(row * options.hidden * options.inputs),
                     options.inner_bias.from(row * options.hidden),
                     options.outer_weight.from(row * options.outputs * options.hidden),
                     options.outer_bias.from(row * options.outputs), row, 1});
  }
  return parts;
}

size_t layers_of(const FeedForwardOptions& options) { return options.weights_of_rows ? options.batch : 1; }

size_t rows_of_layer(const FeedForwardOptions& options) { return options.batch / layers_of(options) * options.tokens; }

Pieces chunks_of(const FeedForwardOptions& options) { return Pieces(rows_of_layer(options), kRowsOfTile, kRowMultiple); }

void softmax_of(const FeedForwardOptions& options, size_t rows, float* hidden) {
  softmax_runs(hidden, rows * options.softmax_groups, options.hidden / options.softmax_groups);
}

// Layer by layer, with all hidden channels in memory.
void by_layer(DnnlContext& context, const FeedForwardOptions& options, const Part& part, const CancelFlag* cancelled,
              float* output) {
  const size_t rows = part.batch * options.tokens;
  const size_t first = part.first_batch * options.tokens;
  const AlignedBuffer hidden(rows * options.hidden * sizeof(float), context.allocator());
  LinearOptions inner;
  inner.input = options.input + first * options.inputs;
  inner.weight = part.inner_weight;
  inner.bias = part.inner_bias;
  inner.activation = options.activation;
  inner.rows = rows;
  inner.inputs = options.inputs;
  inner.outputs = options.hidden;
  linear(context, inner, cancelled, hidden.floats());
  if (options.softmax_groups > 0 && options.hidden > 0) {
    parallel_ranges(rows, kParallelGrain / 4 / options.hidden + 1, cancelled, [&](size_t begin, size_t end) {
      softmax_of(options, end - begin, hidden.floats() + begin * options.hidden);
    });
  }
  LinearOptions outer;
  outer.input = hidden.floats();
  outer.weight = part.outer_weight;
  outer.bias = part.outer_bias;
  if (options.gate != nullptr) outer.gate = options.gate + part.first_batch * options.outputs;
  if (options.residual != nullptr) outer.residual = options.residual + first * options.outputs;
  outer.rows_per_gate = options.tokens;
  outer.rows = rows;
  outer.inputs = options.hidden;
  outer.outputs = options.outputs;
  linear(context, outer, cancelled, output + first * options.outputs);
}

// A chunk of rows through both layers at a time.
void by_chunk(DnnlContext& context, const FeedForwardOptions& options, const std::vector<Part>& parts,
              const CancelFlag* cancelled, float* output) {
  const Pieces chunks = chunks_of(options);
  std::optional<PackedWeight> own_inner, own_outer;
  const PackedWeight& inner_weight =
      options.packed_inner_weight != nullptr
          ? *options.packed_inner_weight
          : own_inner.emplace(context, options.inner_weight, packed_inner_weight_shape(options), WeightType::kF32);
  const PackedWeight& outer_weight =
      options.packed_outer_weight != nullptr
          ? *options.packed_outer_weight
          : own_outer.emplace(context, options.outer_weight, packed_outer_weight_shape(options), WeightType::kF32);
  std::deque<TiledProduct> inner, outer;
  for (size_t part = 0; part < parts.size(); ++part) {
    inner.emplace_back(context, TiledProductOptions{inner_weight, part, parts[part].inner_bias, chunks});
    outer.emplace_back(context, TiledProductOptions{outer_weight, part, parts[part].outer_bias, chunks});
  }
  std::vector<AlignedBuffer> scratch;
  for (size_t thread = 0; thread < thread_count(); ++thread) {
    scratch.emplace_back(chunks.piece * options.hidden * sizeof(float), context.allocator());
  }
  const Finish activate = {options.activation, nullptr, nullptr, options.hidden, 0};
  const Finish finish = {Activation::kNone, options.gate, options.residual, options.outputs, options.tokens};
  parallel_units(parts.size() * chunks.count, cancelled, [&](size_t unit, size_t thread) {
    const size_t part = unit / chunks.count;
    const size_t chunk = unit % chunks.count;
    const size_t row = parts[part].first_batch * options.tokens + chunks.first(chunk);
    const size_t count = chunks.size(chunk);
    float* const hidden = scratch[thread].floats();
    const Pieces& hidden_panels = inner[part].panels();
    for (size_t panel = 0; panel < hidden_panels.count; ++panel) {
      inner[part].multiply(thread, chunk, panel, options.input + row * options.inputs, hidden);
      finish_tile(activate, {0, count, hidden_panels.first(panel), hidden_panels.size(panel)}, hidden);
    }
    if (options.softmax_groups > 0) softmax_of(options, count, hidden);
    const Pieces& panels = outer[part].panels();
    for (size_t panel = 0; panel < panels.count; ++panel) {
      outer[part].multiply(thread, chunk, panel, hidden, output + row * options.outputs);
      finish_tile(finish, {row, count, panels.first(panel), panels.size(panel)}, output);
    }
  });
  for (size_t part = 0; part < parts.size(); ++part) {
    inner[part].raise();
    outer[part].raise();
  }
}

}  // namespace

bool feed_forward_takes_packed_weights(const FeedForwardOptions& options) noexcept {
  const bool any = options.batch > 0 && options.inputs > 0 && options.hidden > 0 && options.outputs > 0;
  return any && rows_of_layer(options) >= kLeastRowsOfTiles;
}

WeightShape packed_inner_weight_shape(const FeedForwardOptions& options) noexcept {
  const bool bias = static_cast<bool>(options.inner_bias);
  return {layers_of(options), options.inputs, options.hidden, chunks_of(options).piece, bias};
}

WeightShape packed_outer_weight_shape(const FeedForwardOptions& options) noexcept {
  const bool bias = static_cast<bool>(options.outer_bias);
  return {layers_of(options), options.hidden, options.outputs, chunks_of(options).piece, bias};
}

void feed_forward(DnnlContext& context, const FeedForwardOptions& options, const CancelFlag* cancelled, float* output) {
  if (options.batch * options.tokens * options.outputs == 0) return;
  const std::vector<Part> parts = parts_of(options);
  if (feed_forward_takes_packed_weights(options)) {
    by_chunk(context, options, parts, cancelled, output);
    return;
  }
  for (const Part& part : parts) {
    if (!is_cancelled(cancelled)) by_layer(context, options, part, cancelled, output);
  }
}

}  // namespace paroattn
