// Matrix products of many rows, cut into tiles, each of which one thread multiplies through oneDNN, so that it can go on with
// the tile while it is in its cache.
#ifndef PAROATTN_DNNL_TILED_PRODUCT_H_
#define PAROATTN_DNNL_TILED_PRODUCT_H_

#include <atomic>
#include <vector>

#include "common/parallel.h"
#include "dnnl/context.h"
#include "dnnl/packed_weight.h"
#include "dnnl/tile.h"
#include "dnnl/widened.h"

namespace paroattn {

// From so many rows on, packing the weight is paid for by what it saves.
constexpr size_t kLeastRowsOfTiles = 1024;

// Rows of a tile: enough to use each weight that is loaded, few enough to stay in the second-level cache.
constexpr size_t kRowsOfTile = 128;
constexpr size_t kRowMultiple = 8;

struct TiledProductOptions {
  const PackedWeight& weight;
  size_t layer;   // of the weight
  Weight bias;    // [outputs]; none where null
  Pieces chunks;  // of the rows
};

// input * weight' + bias, tile by tile; at least one row, input and output.
class TiledProduct {
 public:
  // Widens the weight, over all threads, unless it is f32. The weight must outlive it. Throws std::bad_alloc and dnnl::error.
  TiledProduct(DnnlContext& context, const TiledProductOptions& options);
  ~TiledProduct();
  TiledProduct(const TiledProduct&) = delete;
  TiledProduct& operator=(const TiledProduct&) = delete;

  // Pieces of the outputs.
  const Pieces& panels() const noexcept { return options_.weight.panels(); }

  // One tile on the calling thread, which alone may use that number. `input` and `output` begin at the chunk's first row;
  // of the output, the panel's columns are written.
  void multiply(size_t thread, size_t chunk, size_t panel, const float* input, float* output) noexcept;

  // Throws dnnl::error where a tile failed.
  void raise() const;

 private:
  struct Call;
  static constexpr size_t kShapes = 4;
  void make_calls();
  size_t shape_of(size_t chunk, size_t panel) const;

  TiledProductOptions options_;
  DnnlContext& context_;
  Widened weight_, bias_;
  std::vector<dnnl::memory> weights_;  // one a panel
  std::vector<Call> calls_;            // kShapes a thread
  std::vector<AlignedBuffer> scratchpads_;
  std::atomic<dnnl_status_t> failure_{dnnl_success};
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_TILED_PRODUCT_H_
