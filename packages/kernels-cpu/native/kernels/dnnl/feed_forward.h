#ifndef PAROATTN_DNNL_FEED_FORWARD_H_
#define PAROATTN_DNNL_FEED_FORWARD_H_

#include "common/activation.h"
#include "common/parallel.h"
#include "common/weight.h"
#include "dnnl/context.h"
#include "dnnl/packed_weight.h"

namespace paroattn {

struct FeedForwardOptions {
  const float* input = nullptr;  // [batch, tokens, inputs]
  // The inner weights are [hidden, inputs], the outer ones [outputs, hidden], the biases [hidden] and [outputs] (none where
  // null): one of each for all of the batch, or one a batch row.
  Weight inner_weight, inner_bias, outer_weight, outer_bias;
  // Instead of the weights, where feed_forward_takes_packed_weights; a layer for each of those.
  const PackedWeight* packed_inner_weight = nullptr;
  const PackedWeight* packed_outer_weight = nullptr;
  bool weights_of_rows = false;
  Activation activation = Activation::kNone;
  size_t softmax_groups = 0;        // instead of an activation, so many softmaxes over equal parts of the hidden channels
  const float* gate = nullptr;      // [batch, outputs]; null: ones
  const float* residual = nullptr;  // [batch, tokens, outputs]; null: zeros
  size_t batch = 0;
  size_t tokens = 0;
  size_t inputs = 0;
  size_t hidden = 0;
  size_t outputs = 0;
};

// Whether there are rows enough for it to be worth while to keep the weights packed.
bool feed_forward_takes_packed_weights(const FeedForwardOptions& options) noexcept;

// What the weights are packed for, there.
WeightShape packed_inner_weight_shape(const FeedForwardOptions& options) noexcept;
WeightShape packed_outer_weight_shape(const FeedForwardOptions& options) noexcept;

// output = residual + gate * (activation(input * inner' + bias) * outer' + bias): [batch, tokens, outputs]. The hidden
// channels of many rows never leave the cache. Throws std::bad_alloc and dnnl::error.
void feed_forward(DnnlContext& context, const FeedForwardOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_FEED_FORWARD_H_
