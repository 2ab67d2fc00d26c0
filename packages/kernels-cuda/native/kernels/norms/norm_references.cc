// Both norms on the host, in double precision and rounded once: the oracles of their kernels.
#include <cmath>

#include "front/host_element.h"
#include "norms/norms.h"

namespace paroattn {
namespace cuda {
namespace {

double channel_or(const ChannelVector& vector, int64_t channel, double otherwise) {
  return vector.data == nullptr ? otherwise : element_at(vector.data, vector.element, channel);
}

double number_or_zero(const void* data, Element element, int64_t index) {
  return data == nullptr ? 0.0 : element_at(data, element, index);
}

}  // namespace

void layer_norm_reference(const LayerNormProblem& problem) {
  const Element element = problem.element;
  const int64_t channels = problem.channels;
  for (int64_t row = 0; row < problem.batch * problem.tokens; ++row) {
    double sum = 0, squares = 0;
    for (int64_t c = 0; c < channels; ++c) sum += element_at(problem.input, element, row * channels + c);
    const double mean = sum / static_cast<double>(channels);
    for (int64_t c = 0; c < channels; ++c) {
      const double distance = element_at(problem.input, element, row * channels + c) - mean;
      squares += distance * distance;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(channels) + problem.epsilon);
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = row / problem.tokens * channels + c;
      double value = (element_at(problem.input, element, row * channels + c) - mean) / deviation;
      value = value * channel_or(problem.weight, c, 1) + channel_or(problem.bias, c, 0);
      value = value * (1 + number_or_zero(problem.scale, element, at)) + number_or_zero(problem.shift, element, at);
      store_element(value, element, row * channels + c, problem.output);
    }
  }
}

void rms_norm_reference(const RmsNormProblem& problem) {
  const int64_t channels = problem.channels;
  for (int64_t row = 0; row < problem.rows; ++row) {
    double squares = 0;
    for (int64_t c = 0; c < channels; ++c) {
      const double x = element_at(problem.input, problem.element, row * channels + c);
      squares += x * x;
    }
    const double divisor = std::sqrt(squares / static_cast<double>(channels) + problem.epsilon);
    for (int64_t c = 0; c < channels; ++c) {
      const double x = element_at(problem.input, problem.element, row * channels + c);
      store_element(x / divisor * channel_or(problem.weight, c, 1), problem.element, row * channels + c,
                    problem.output);
    }
  }
}

}  // namespace cuda
}  // namespace paroattn
