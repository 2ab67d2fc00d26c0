// Group norm over [batch, channels, positions]. A group is one run of memory: its channels lie side by side.
#include <cmath>

#include "elementwise/activate.h"
#include "norms/norms.h"
#include "norms/row.h"

namespace paroattn {

void group_norm(const GroupNormOptions& options, const CancelFlag* cancelled, float* output) {
  if (options.groups == 0 || options.positions == 0) return;
  const size_t channels = options.channels / options.groups;
  const size_t positions = options.positions;
  const size_t count = channels * positions;
  const double share = 1.0 / static_cast<double>(count);
  parallel_ranges(options.batch * options.groups, 1, cancelled, [&](size_t begin, size_t end) {
    for (size_t group = begin; group < end; ++group) {
      const float* input = options.input + group * count;
      const float mean = static_cast<float>(sum_of(input, count) * share);
      const double variance = sum_of_squares(input, count, mean) * share;
      const double factor = 1.0 / std::sqrt(variance + options.epsilon);
      const size_t first = group % options.groups * channels;
      for (size_t c = 0; c < channels; ++c) {
        if (is_cancelled(cancelled)) return;
        const double weight = options.weight == nullptr ? 1.0 : options.weight[first + c];
        const double bias = options.bias == nullptr ? 0.0 : options.bias[first + c];
        float* result = output + group * count + c * positions;
        affine_row(input + c * positions, positions, static_cast<float>(factor * weight),
                   static_cast<float>(bias - mean * factor * weight), result);
        activate_in_place(result, positions, options.activation);
      }
    }
  });
}

}  // namespace paroattn
