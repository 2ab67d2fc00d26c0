// What the front does to each query row or key row, with weights padded so that the padding of a row stays zero.
#ifndef PAROATTN_ATTENTION_ROW_TRANSFORM_H_
#define PAROATTN_ATTENTION_ROW_TRANSFORM_H_

#include <cstddef>
#include <vector>

#include "attention.h"
#include "operands.h"

namespace paroattn {
namespace attention {

// Rows are taken so many at a time. What the norm needs is found for all of them first, so that no row waits for a sum, a
// root and a division of its own; and so many keys are a cache line of their transposed panel.
constexpr size_t kGroup = 16;

struct RowTransform {
  // row = (norm(row) * weight + bias) * scale, then rotated. weight and bias: [head_dim] or null.
  RowTransform(const FrontOptions& options, const float* weights, const float* biases, float factor)
      : head_dim(options.head_dim),
        padded_dim(round_up(options.head_dim, kPad)),
        norm(options.norm.kind),
        epsilon(options.norm.epsilon),
        scale(factor),
        weight(padded_dim, 0.0f),
        bias(padded_dim, 0.0f),
        zeros(padded_dim, 0.0f),
        cosine(options.rotary.cosine),
        sine(options.rotary.sine),
        pairing(options.rotary.pairing) {
    for (size_t c = 0; c < head_dim; ++c) {
      weight[c] = factor * (weights ? weights[c] : 1.0f);
      if (biases != nullptr && norm == NormKind::kLayer) bias[c] = factor * biases[c];
    }
  }

  size_t head_dim, padded_dim;
  NormKind norm;
  float epsilon;
  float scale;                      // already in weight and bias
  std::vector<float> weight, bias;  // [padded_dim]
  std::vector<float> zeros;         // [padded_dim]
  const float* cosine;              // [tokens, head_dim / 2] or null
  const float* sine;
  RotaryPairing pairing;
};

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_ROW_TRANSFORM_H_
