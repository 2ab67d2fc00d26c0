#ifndef PAROATTN_NORMS_NORMS_H_
#define PAROATTN_NORMS_NORMS_H_

#include <cstddef>

#include "common/activation.h"
#include "common/parallel.h"

namespace paroattn {

struct LayerNormOptions {
  const float* input = nullptr;   // [batch, tokens, channels]
  const float* weight = nullptr;  // [channels]; null: ones
  const float* bias = nullptr;    // [channels]; null: zeros
  const float* scale = nullptr;   // [batch, channels]; null: zeros
  const float* shift = nullptr;   // [batch, channels]; null: zeros
  size_t batch = 0;
  size_t tokens = 0;
  size_t channels = 0;
  float epsilon = 0;
};

// output = (1 + scale) * (normalised * weight + bias) + shift
void layer_norm(const LayerNormOptions& options, const CancelFlag* cancelled, float* output);

struct RmsNormOptions {
  const float* input = nullptr;   // [rows, channels]
  const float* weight = nullptr;  // [channels]; null: ones
  size_t rows = 0;
  size_t channels = 0;
  float epsilon = 0;
};

// output = input / sqrt(mean of squares + epsilon) * weight
void rms_norm(const RmsNormOptions& options, const CancelFlag* cancelled, float* output);

struct GroupNormOptions {
  const float* input = nullptr;   // [batch, channels, positions]
  const float* weight = nullptr;  // [channels]; null: ones
  const float* bias = nullptr;    // [channels]; null: zeros
  size_t batch = 0;
  size_t channels = 0;
  size_t groups = 0;  // divides channels
  size_t positions = 0;
  float epsilon = 0;
  Activation activation = Activation::kNone;
};

// Mean and variance over each group's channels and positions.
void group_norm(const GroupNormOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_NORMS_NORMS_H_
