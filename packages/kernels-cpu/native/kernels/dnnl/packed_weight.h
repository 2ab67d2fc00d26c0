// The weight of a matrix product in panels of oneDNN's own layout, in which it multiplies fastest.
#ifndef PAROATTN_DNNL_PACKED_WEIGHT_H_
#define PAROATTN_DNNL_PACKED_WEIGHT_H_

#include "common/weight.h"
#include "dnnl/context.h"
#include "dnnl/pieces.h"

namespace paroattn {

// So many weights of [outputs, inputs], one behind the other, none of the three 0, and what is multiplied by them: oneDNN
// chooses the layout by both.
struct WeightShape {
  size_t layers, inputs, outputs;
  size_t rows_of_tile;
  bool bias;
};

class PackedWeight {
 public:
  // Packs over all threads, to f32 or to the type that the weight has. Throws std::bad_alloc and dnnl::error.
  PackedWeight(DnnlContext& context, const Weight& plain, const WeightShape& shape, WeightType type);

  // Writes the weight as it was, to the bit; for one that kept its type. Throws std::bad_alloc and dnnl::error.
  void unpack(DnnlContext& context, void* plain) const;

  // Whether packing for this shape would give the same.
  bool fits(DnnlContext& context, const WeightShape& shape, WeightType type) const;

  size_t inputs() const noexcept { return shape_.inputs; }
  size_t outputs() const noexcept { return shape_.outputs; }
  // Pieces of the outputs.
  const Pieces& panels() const noexcept { return panels_; }
  // All panels of a layer, and how many numbers these are.
  Weight layer(size_t index) const noexcept;
  size_t numbers() const noexcept { return panel_at(panels_.count - 1) + last_numbers_; }
  // Where a panel begins in its layer, and its layout as f32.
  size_t panel_at(size_t panel) const noexcept { return panel * full_numbers_; }
  const dnnl::memory::desc& panel_desc(size_t panel) const noexcept {
    return panels_.size(panel) == panels_.piece ? full_ : last_;
  }

 private:
  struct Place;
  Place place_of(size_t index) const noexcept;

  WeightShape shape_;
  WeightType type_;
  Pieces panels_;
  dnnl::memory::desc full_, last_;
  size_t full_numbers_ = 0, last_numbers_ = 0;  // of a panel, to the end of its last cache line
  AlignedBuffer data_;
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_PACKED_WEIGHT_H_
