#ifndef PAROATTN_DNNL_LINEAR_H_
#define PAROATTN_DNNL_LINEAR_H_

#include "common/activation.h"
#include "common/parallel.h"
#include "common/weight.h"
#include "dnnl/context.h"
#include "dnnl/packed_weight.h"

namespace paroattn {

struct LinearOptions {
  const float* input = nullptr;  // [rows, inputs]
  Weight weight;                 // [outputs, inputs]
  const PackedWeight* packed_weight = nullptr;  // instead, where linear_takes_packed_weight
  Weight bias;                   // [outputs]; none where null
  Activation activation = Activation::kNone;
  const float* gate = nullptr;      // [rows / rows_per_gate, outputs]; null: ones
  const float* residual = nullptr;  // [rows, outputs]; null: zeros
  size_t rows_per_gate = 0;         // looked at with a gate
  size_t rows = 0;
  size_t inputs = 0;
  size_t outputs = 0;
};

// Whether there are rows enough for it to be worth while to keep the weight packed.
bool linear_takes_packed_weight(const LinearOptions& options) noexcept;

// What the weight is packed for, there.
WeightShape packed_weight_shape(const LinearOptions& options) noexcept;

// output = residual + gate * activation(input * weight' + bias): [rows, outputs]. Throws std::bad_alloc and dnnl::error.
void linear(DnnlContext& context, const LinearOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_LINEAR_H_
