// One call of oneDNN for one tile: [rows, inputs] x [inputs, columns], on the thread that makes it.
#ifndef PAROATTN_DNNL_TILE_H_
#define PAROATTN_DNNL_TILE_H_

#include "dnnl/context.h"

namespace paroattn {

struct TileShape {
  size_t rows, inputs, columns;
  size_t stride;  // from one row of the output to the next
  bool bias;
};

// f32, [inputs, columns], in the layout of a panel of a weight: [outputs, inputs].
dnnl::memory::desc plain_weight_of_tile(const TileShape& shape);

// Throws dnnl::error.
dnnl::matmul::primitive_desc describe_tile(const DnnlContext& context, const TileShape& shape,
                                           const dnnl::memory::desc& weight);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_TILE_H_
