// Matrix products of many rows. The weight is packed into oneDNN's own layout, the product cut into tiles, each of which
// one thread multiplies through oneDNN, so that it can go on with the tile while it is in its cache.
#ifndef PAROATTN_DNNL_TILED_PRODUCT_H_
#define PAROATTN_DNNL_TILED_PRODUCT_H_

#include <algorithm>
#include <atomic>
#include <vector>

#include "common/parallel.h"
#include "common/weight.h"
#include "dnnl/context.h"
#include "dnnl/widened.h"

namespace paroattn {

// A range cut into equal pieces but for the last: at most `most` long, or `multiple`; in multiples of it.
struct Pieces {
  Pieces(size_t all, size_t most, size_t multiple);

  size_t first(size_t index) const { return index * piece; }
  size_t size(size_t index) const { return std::min(piece, length - index * piece); }

  size_t length, piece, count;
};

// From so many rows on, packing the weight is paid for by what it saves.
constexpr size_t kLeastRowsOfTiles = 1024;

// Rows of a tile: enough to use each weight that is loaded, few enough to stay in the second-level cache.
constexpr size_t kRowsOfTile = 128;
constexpr size_t kRowMultiple = 8;

struct TiledProductOptions {
  Weight weight;  // [outputs, inputs]
  Weight bias;    // [outputs]; none where null
  Pieces chunks;  // of the rows
  size_t inputs = 0;
  size_t outputs = 0;
  size_t stride = 0;  // from one row of the output to the next
};

// input * weight' + bias, tile by tile; at least one row, input and output.
class TiledProduct {
 public:
  // Packs the weight, over all threads. The weight's memory must outlive it. Throws std::bad_alloc and dnnl::error.
  TiledProduct(DnnlContext& context, const TiledProductOptions& options);
  ~TiledProduct();
  TiledProduct(const TiledProduct&) = delete;
  TiledProduct& operator=(const TiledProduct&) = delete;

  // Pieces of the outputs.
  const Pieces& panels() const noexcept { return panels_; }

  // One tile on the calling thread, which alone may use that number. `input` and `output` begin at the chunk's first row;
  // of the output, the panel's columns are written.
  void multiply(size_t thread, size_t chunk, size_t panel, const float* input, float* output) noexcept;

  // Throws dnnl::error where a tile failed.
  void raise() const;

 private:
  struct Call;
  static constexpr size_t kShapes = 4;
  void pack();
  void make_calls();
  size_t shape_of(size_t chunk, size_t panel) const;

  TiledProductOptions options_;
  Pieces panels_;
  DnnlContext& context_;
  Widened bias_;
  AlignedBuffer packed_;
  std::vector<dnnl::memory> weights_;  // one a panel
  std::vector<Call> calls_;            // kShapes a thread
  std::vector<AlignedBuffer> scratchpads_;
  std::atomic<dnnl_status_t> failure_{dnnl_success};
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_TILED_PRODUCT_H_
