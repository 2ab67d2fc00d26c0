#include "dnnl/linear.h"

#include <algorithm>
#include <optional>

#include "dnnl/few_rows.h"
#include "dnnl/long_calls.h"
#include "dnnl/tiled_product.h"
#include "elementwise/finish.h"

namespace paroattn {
namespace {

// Tiles also keep very long calls apart, so that they can be stopped.
bool in_tiles(const LinearOptions& options) {
  const double operations = 2.0 * static_cast<double>(options.rows) * static_cast<double>(options.inputs) *
                            static_cast<double>(options.outputs);
  return options.rows >= kLeastRowsOfTiles || operations > kOperationsPerCall;
}

// Narrow rows stay in the second-level cache in larger numbers, and each call of oneDNN then does more.
Pieces tile_rows(const LinearOptions& options) {
  constexpr size_t kFloatsOfTile = size_t{96} << 10;
  const size_t fitting = kFloatsOfTile / (options.inputs + options.outputs);
  const size_t most = std::min(2 * kRowsOfTile, std::max(kRowsOfTile, fitting));
  return Pieces(options.rows, most, kRowMultiple);
}

void fill_with_bias(const LinearOptions& options, float* output) {
  for (size_t row = 0; row < options.rows; ++row) {
    float* line = output + row * options.outputs;
    if (options.bias) {
      widen(options.bias, 0, options.outputs, line);
    } else {
      std::fill(line, line + options.outputs, 0.0f);
    }
  }
}

// output = finish(input * weight' + bias)
void product_of_many_rows(DnnlContext& context, const LinearOptions& options, const Finish& finish,
                          const CancelFlag* cancelled, float* output) {
  std::optional<PackedWeight> own;
  const PackedWeight& weight =
      options.packed_weight != nullptr
          ? *options.packed_weight
          : own.emplace(context, options.weight, packed_weight_shape(options), WeightType::kF32);
  const Pieces chunks = tile_rows(options);
  TiledProduct product(context, {weight, 0, options.bias, chunks});
  const Pieces& panels = product.panels();
  // Neighbouring tiles share their rows, which stay in cache while the panels of the weight pass by.
  parallel_units(chunks.count * panels.count, cancelled, [&](size_t unit, size_t thread) {
    const size_t chunk = unit / panels.count;
    const size_t panel = unit % panels.count;
    const size_t row = chunks.first(chunk);
    product.multiply(thread, chunk, panel, options.input + row * options.inputs, output + row * options.outputs);
    finish_tile(finish, {row, chunks.size(chunk), panels.first(panel), panels.size(panel)}, output);
  });
  product.raise();
}

}  // namespace

bool linear_takes_packed_weight(const LinearOptions& options) noexcept {
  return options.rows >= kLeastRowsOfTiles && options.inputs > 0 && options.outputs > 0;
}

WeightShape packed_weight_shape(const LinearOptions& options) noexcept {
  return {1, options.inputs, options.outputs, tile_rows(options).piece, static_cast<bool>(options.bias)};
}

void linear(DnnlContext& context, const LinearOptions& options, const CancelFlag* cancelled, float* output) {
  if (options.rows == 0 || options.outputs == 0) return;
  const Finish finish = {options.activation, options.gate, options.residual, options.outputs, options.rows_per_gate};
  if (options.inputs > 0 && in_tiles(options)) {
    product_of_many_rows(context, options, finish, cancelled, output);
    return;
  }
  if (options.inputs > 0) {
    product_of_few_rows(context, options, cancelled, output);
  } else {
    fill_with_bias(options, output);
  }
  finish_rows(finish, options.rows, cancelled, output);
}

}  // namespace paroattn
