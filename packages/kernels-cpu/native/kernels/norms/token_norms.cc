// Norms over the channels of each token: layer norm and RMS norm.
#include <cmath>

#include "norms/norms.h"
#include "norms/row.h"

namespace paroattn {

void layer_norm(const LayerNormOptions& options, const CancelFlag* cancelled, float* output) {
  const size_t channels = options.channels;
  if (channels == 0) return;
  const double share = 1.0 / static_cast<double>(channels);
  parallel_ranges(options.batch * options.tokens, kParallelGrain / 2 / channels + 1, cancelled,
                  [&](size_t begin, size_t end) {
                    for (size_t row = begin; row < end; ++row) {
                      const float* input = options.input + row * channels;
                      float* result = output + row * channels;
                      const float mean = static_cast<float>(sum_of(input, channels) * share);
                      const double variance = sum_of_squares(input, channels, mean) * share;
                      const float factor = static_cast<float>(1.0 / std::sqrt(variance + options.epsilon));
                      normalise_row(input, channels, mean, factor, options.weight, options.bias, result);
                      if (options.scale != nullptr) {
                        const size_t batch = row / options.tokens * channels;
                        modulate_row(result, channels, options.scale + batch, options.shift + batch);
                      }
                    }
                  });
}

void rms_norm(const RmsNormOptions& options, const CancelFlag* cancelled, float* output) {
  const size_t channels = options.channels;
  if (channels == 0) return;
  const double share = 1.0 / static_cast<double>(channels);
  parallel_ranges(options.rows, kParallelGrain / 2 / channels + 1, cancelled, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const float* input = options.input + row * channels;
      const double square = sum_of_squares(input, channels, 0.0f) * share;
      const float factor = static_cast<float>(1.0 / std::sqrt(square + options.epsilon));
      normalise_row(input, channels, 0.0f, factor, options.weight, nullptr, output + row * channels);
    }
  });
}

}  // namespace paroattn
