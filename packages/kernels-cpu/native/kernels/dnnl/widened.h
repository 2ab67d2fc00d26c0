// A weight as f32 for one call: where it is, or widened into temporary memory. Half-precision weights stay in memory as
// they are; widening them at each call costs little beside the product.
#ifndef PAROATTN_DNNL_WIDENED_H_
#define PAROATTN_DNNL_WIDENED_H_

#include "common/scratch.h"
#include "common/weight.h"

namespace paroattn {

class Widened {
 public:
  Widened(const ScratchSource& source, const Weight& weight, size_t count)
      : scratch_(source, needs(weight) ? count * sizeof(float) : 0), data_(static_cast<const float*>(weight.data)) {
    if (!needs(weight)) return;
    widen_parallel(weight, count, scratch_.floats());
    data_ = scratch_.floats();
  }

  // Null where there is no weight.
  Weight weight() const noexcept { return {data_, WeightType::kF32}; }

 private:
  static bool needs(const Weight& weight) noexcept { return weight && weight.type != WeightType::kF32; }

  Scratch scratch_;
  const float* data_;
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_WIDENED_H_
