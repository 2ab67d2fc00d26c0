// Layer norm and RMS norm over the last axis.
#ifndef PAROATTN_CUDA_NORMS_NORMS_H_
#define PAROATTN_CUDA_NORMS_NORMS_H_

#include <cstdint>

#include "common/device.h"
#include "common/element.h"

namespace paroattn {
namespace cuda {

// Of one row.
constexpr int64_t kMostChannels = int64_t{1} << 30;

// A vector of one number a channel, of any type; null data: left out.
struct ChannelVector {
  Element element = Element::kF32;
  const void* data = nullptr;
};

// (x - mean) / sqrt(variance + epsilon), then * weight + bias, then * (1 + scale) + shift.
struct LayerNormProblem {
  Element element = Element::kF32;  // of input, scale, shift and output
  int64_t batch = 1;
  int64_t tokens = 0;
  int64_t channels = 0;
  float epsilon = 0.0f;
  const void* input = nullptr;  // [batch, tokens, channels]
  ChannelVector weight;         // [channels]
  ChannelVector bias;           // [channels]
  const void* scale = nullptr;  // [batch, channels]; null: left out, as is shift
  const void* shift = nullptr;  // [batch, channels]
  void* output = nullptr;       // may be the input
};

// x / sqrt(mean(x * x) + epsilon) * weight.
struct RmsNormProblem {
  Element element = Element::kF32;  // of input and output
  int64_t rows = 0;
  int64_t channels = 0;
  float epsilon = 0.0f;
  const void* input = nullptr;  // [rows, channels]
  ChannelVector weight;         // [channels]
  void* output = nullptr;       // may be the input
};

// Enqueue the kernel. An empty result enqueues nothing.
cudaError_t layer_norm(const LayerNormProblem& problem, cudaStream_t stream);
cudaError_t rms_norm(const RmsNormProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers, rounded once.
void layer_norm_reference(const LayerNormProblem& problem);
void rms_norm_reference(const RmsNormProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_NORMS_NORMS_H_
