// A weight vector as f32 for kernels that take nothing else: in place, or widened into temporary memory.
#ifndef PAROATTN_ADDON_WIDE_WEIGHT_H_
#define PAROATTN_ADDON_WIDE_WEIGHT_H_

#include <optional>

#include "arguments.h"
#include "command.h"
#include "common/aligned_buffer.h"

namespace paroattn {

class WideWeight {
 public:
  WideWeight(const Running& running, const WeightArgument& argument, size_t count) {
    const Weight weight = argument.open();
    if (!weight) return;
    if (weight.type == WeightType::kF32) {
      data_ = static_cast<const float*>(weight.data);
      return;
    }
    wide_.emplace(count * sizeof(float), running.pool.allocator());
    widen(weight, 0, count, wide_->floats());
    data_ = wide_->floats();
  }

  // Null where there is no weight.
  const float* data() const noexcept { return data_; }

 private:
  std::optional<AlignedBuffer> wide_;
  const float* data_ = nullptr;
};

inline const float* floats_or_null(const BufferPtr& buffer) noexcept { return buffer ? buffer->floats() : nullptr; }

}  // namespace paroattn

#endif  // PAROATTN_ADDON_WIDE_WEIGHT_H_
