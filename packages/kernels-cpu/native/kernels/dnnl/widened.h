// A weight as f32 for one call: where it is, or widened into temporary memory. Half-precision weights stay in memory as
// they are; widening them at each call costs little beside the product.
#ifndef PAROATTN_DNNL_WIDENED_H_
#define PAROATTN_DNNL_WIDENED_H_

#include "common/aligned_buffer.h"
#include "common/weight.h"

namespace paroattn {

class Widened {
 public:
  Widened(const Allocator& allocator, const Weight& weight, size_t count)
      : wide_(needs(weight) ? count * sizeof(float) : 0, allocator), data_(static_cast<const float*>(weight.data)) {
    if (!needs(weight)) return;
    widen_parallel(weight, 0, count, wide_.floats());
    data_ = wide_.floats();
  }

  // Null where there is no weight.
  Weight weight() const noexcept { return {data_, WeightType::kF32}; }

 private:
  static bool needs(const Weight& weight) noexcept { return weight && weight.type != WeightType::kF32; }

  AlignedBuffer wide_;
  const float* data_;
};

}  // namespace paroattn

#endif  // PAROATTN_DNNL_WIDENED_H_
