// Layer norm and RMS norm: every way in which a kernel holds a row, weights of every type, means far away, NaN.
#include "elementwise/numbers.h"
#include "norms/norms.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

constexpr double kUnit = 0x1p-24;  // unit roundoff of f32, in which kernels compute
// Roundings allowed to division and square root together.
constexpr double kFunctionRoundings = 16;

double sum_roundoff(int64_t terms) { return 2 * kUnit * std::sqrt(static_cast<double>(terms)); }

struct Traits {
  Element element = Element::kF32;
  int64_t batch = 1;
  int64_t tokens = 5;
  int64_t channels = 64;
  bool weights = false;   // and biases
  bool adaptive = false;  // scale and shift
  Element weight_element = Element::kF32;
  double mean = 0.0;
  double deviation = 1.0;
  float epsilon = 1e-6f;
  int shift = 0;         // of the input
  int weight_shift = 0;  // of the weights

  std::string name() const {
    return std::string(name_of(element)) + " " + std::to_string(batch) + "x" + std::to_string(tokens) + "x" +
           std::to_string(channels) + (weights ? std::string(", weights ") + name_of(weight_element) : "") +
           (adaptive ? ", adaptive" : "") + ", mean " + std::to_string(mean) + ", shifts " + std::to_string(shift) +
           " " + std::to_string(weight_shift);
  }
};

// The operands of both norms.
struct Case {
  Case(const Traits& t, uint64_t seed)
      : traits(t),
        input(t.element, t.batch * t.tokens * t.channels, t.shift),
        weight(t.weight_element, t.weights ? t.channels : 0, t.weight_shift),
        bias(t.weight_element, t.weights ? t.channels : 0),
        scale(t.element, t.adaptive ? t.batch * t.channels : 0),
        shift(t.element, t.adaptive ? t.batch * t.channels : 0) {
    Random random(seed);
    fill(input, random, t.deviation, t.mean);
    fill(weight, random, 0.5, 1.0);
    fill(bias, random);
    fill(scale, random);
    fill(shift, random);
  }

  cuda::ChannelVector vector(Numbers& numbers, bool device) const {
    if (numbers.count() == 0) return {};
    return {numbers.element(), device ? numbers.device() : numbers.host()};
  }

  cuda::LayerNormProblem layer(bool device) {
    cuda::LayerNormProblem problem;
    problem.element = traits.element;
    problem.batch = traits.batch;
    problem.tokens = traits.tokens;
    problem.channels = traits.channels;
    problem.epsilon = traits.epsilon;
    problem.input = device ? input.device() : input.host();
    problem.weight = vector(weight, device);
    problem.bias = vector(bias, device);
    if (traits.adaptive) {
      problem.scale = device ? scale.device() : scale.host();
      problem.shift = device ? shift.device() : shift.host();
    }
    return problem;
  }

  cuda::RmsNormProblem rms(bool device) {
    cuda::RmsNormProblem problem;
    problem.element = traits.element;
    problem.rows = traits.batch * traits.tokens;
    problem.channels = traits.channels;
    problem.epsilon = traits.epsilon;
    problem.input = device ? input.device() : input.host();
    problem.weight = vector(weight, device);
    return problem;
  }

  double weight_at(int64_t channel) const { return traits.weights ? weight.at(channel) : 1.0; }

  Traits traits;
  Numbers input, weight, bias, scale, shift;
};

// Error of (x - mean) / deviation: sums round relative to the mean magnitude, and what they round is divided by the
// deviation.
std::vector<double> normalized_errors(const Case& c) {
  const int64_t channels = c.traits.channels;
  std::vector<double> errors(static_cast<size_t>(c.input.count()));
  const double relative = sum_roundoff(channels) + kFunctionRoundings * kUnit;
  for (int64_t row = 0; row < c.traits.batch * c.traits.tokens; ++row) {
    double mean = 0, magnitude = 0, squares = 0;
    for (int64_t i = 0; i < channels; ++i) {
      mean += c.input.at(row * channels + i) / static_cast<double>(channels);
      magnitude += std::fabs(c.input.at(row * channels + i)) / static_cast<double>(channels);
    }
    for (int64_t i = 0; i < channels; ++i) squares += std::pow(c.input.at(row * channels + i) - mean, 2);
    const double deviation = std::sqrt(squares / static_cast<double>(channels) + c.traits.epsilon);
    for (int64_t i = 0; i < channels; ++i) {
      const int64_t at = row * channels + i;
      errors[static_cast<size_t>(at)] = relative * (std::fabs(c.input.at(at)) + magnitude) / deviation;
    }
  }
  return errors;
}

void check_layer(Checks& checks, const Traits& traits, uint64_t seed) {
  const std::string name = "layer norm of " + traits.name();
  Case c(traits, seed);
  Numbers found(traits.element, c.input.count(), traits.shift), wanted(Element::kF32, c.input.count());
  found.upload();
  cuda::LayerNormProblem problem = c.layer(true);
  problem.output = found.device();
  must(cuda::layer_norm(problem, nullptr), name.c_str());
  must(cudaDeviceSynchronize(), name.c_str());
  checks.expect(found.download(), name + " stays within its output");
  Numbers wide_input = widened(c.input), wide_scale = widened(c.scale), wide_shift = widened(c.shift);
  cuda::LayerNormProblem reference = c.layer(false);
  reference.element = Element::kF32;
  reference.input = wide_input.host();
  if (traits.adaptive) {
    reference.scale = wide_scale.host();
    reference.shift = wide_shift.host();
  }
  reference.output = wanted.host();
  cuda::layer_norm_reference(reference);
  const std::vector<double> errors = normalized_errors(c);
  const int64_t channels = traits.channels;
  expect_close(
      checks, found, wanted,
      [&](int64_t i) {
        const int64_t channel = i % channels, at = i / (traits.tokens * channels) * channels + channel;
        const double factor = std::fabs(traits.adaptive ? 1 + c.scale.at(at) : 1.0);
        const double offsets = (traits.weights ? std::fabs(c.bias.at(channel)) * factor : 0.0) +
                               (traits.adaptive ? std::fabs(c.shift.at(at)) : 0.0);
        return std::fabs(c.weight_at(channel)) * factor * errors[static_cast<size_t>(i)] +
               4 * kUnit * (std::fabs(wanted.at(i)) + offsets);
      },
      name);
}

void check_rms(Checks& checks, const Traits& traits, uint64_t seed) {
  const std::string name = "RMS norm of " + traits.name();
  Case c(traits, seed);
  Numbers found(traits.element, c.input.count(), traits.shift), wanted(Element::kF32, c.input.count());
  found.upload();
  cuda::RmsNormProblem problem = c.rms(true);
  problem.output = found.device();
  must(cuda::rms_norm(problem, nullptr), name.c_str());
  must(cudaDeviceSynchronize(), name.c_str());
  checks.expect(found.download(), name + " stays within its output");
  Numbers wide_input = widened(c.input);
  cuda::RmsNormProblem reference = c.rms(false);
  reference.element = Element::kF32;
  reference.input = wide_input.host();
  reference.output = wanted.host();
  cuda::rms_norm_reference(reference);
  const double relative = sum_roundoff(traits.channels) + kFunctionRoundings * kUnit;
  expect_close(checks, found, wanted, [&](int64_t i) { return relative * std::fabs(wanted.at(i)); }, name);
}

void check(Checks& checks, const Traits& traits, uint64_t seed) {
  check_layer(checks, traits, seed);
  check_rms(checks, traits, seed);
}

// 1,024 and 4,096 channels are the most that a warp and a block keep.
void check_lengths(Checks& checks) {
  for (const Element element : kElements) {
    for (const int64_t channels : {1, 7, 8, 33, 64, 72, 520, 1024, 1025, 1032, 1152, 4096, 4099, 4104, 9000}) {
      Traits traits;
      traits.element = element;
      traits.channels = channels;
      traits.tokens = channels > 2000 ? 2 : 9;
      traits.weights = channels % 16 == 0;
      check(checks, traits, static_cast<uint64_t>(channels));
    }
  }
}

void check_operands(Checks& checks) {
  uint64_t seed = 100;
  for (const Element element : kElements) {
    for (const Element weight_element : kElements) {
      for (const int64_t channels : {40, 65, 1152, 5000}) {
        Traits traits;
        traits.element = element;
        traits.weight_element = weight_element;
        traits.batch = 2;
        traits.tokens = 3;
        traits.channels = channels;
        traits.weights = true;
        traits.adaptive = true;
        check(checks, traits, ++seed);
        traits.weights = false;
        check(checks, traits, ++seed);
      }
    }
  }
}

void check_alignment(Checks& checks) {
  for (const Element element : kElements) {
    for (const int64_t channels : {64, 2048}) {
      Traits traits;
      traits.element = element;
      traits.channels = channels;
      traits.weights = true;
      traits.shift = 1;
      check(checks, traits, 200);
      traits.shift = 0;
      traits.weight_shift = 1;
      check(checks, traits, 201);
    }
  }
}

// E[x * x] - E[x] * E[x] would lose all its digits.
void check_far_means(Checks& checks) {
  for (const int64_t channels : {64, 65, 1536, 4400}) {
    for (const double mean : {1000.0, -30.0}) {
      Traits traits;
      traits.channels = channels;
      traits.mean = mean;
      check(checks, traits, 300);
    }
  }
  Traits small;
  small.deviation = 1e-3;
  check(checks, small, 301);
  Traits large;
  large.deviation = 500;
  large.element = Element::kF16;
  check(checks, large, 302);
}

void check_special(Checks& checks) {
  for (const double special : {std::nan(""), static_cast<double>(INFINITY)}) {
    for (const int64_t channels : {64, 33, 1152}) {
      Traits traits;
      traits.element = Element::kBF16;
      traits.channels = channels;
      Case c(traits, 400);
      c.input.set(channels + 3, special);
      c.input.upload();
      Numbers layer(traits.element, c.input.count()), rms(traits.element, c.input.count());
      Numbers layer_wanted(traits.element, c.input.count()), rms_wanted(traits.element, c.input.count());
      cuda::LayerNormProblem layer_problem = c.layer(true), layer_reference = c.layer(false);
      layer_problem.output = layer.device();
      layer_reference.output = layer_wanted.host();
      cuda::RmsNormProblem rms_problem = c.rms(true), rms_reference = c.rms(false);
      rms_problem.output = rms.device();
      rms_reference.output = rms_wanted.host();
      must(cuda::layer_norm(layer_problem, nullptr), "layer norm");
      must(cuda::rms_norm(rms_problem, nullptr), "RMS norm");
      must(cudaDeviceSynchronize(), "norms");
      layer.download();
      rms.download();
      cuda::layer_norm_reference(layer_reference);
      cuda::rms_norm_reference(rms_reference);
      bool alike = true;
      for (int64_t i = 0; i < c.input.count(); ++i) {
        alike = alike && std::isnan(layer.at(i)) == std::isnan(layer_wanted.at(i)) &&
                std::isnan(rms.at(i)) == std::isnan(rms_wanted.at(i));
      }
      checks.expect(alike, "what is no number stays in its row of " + std::to_string(channels));
    }
  }
}

void check_in_place(Checks& checks) {
  for (const int64_t channels : {64, 33, 1152, 5000}) {
    Traits traits;
    traits.element = Element::kF16;
    traits.channels = channels;
    Case c(traits, 500);
    Numbers apart(traits.element, c.input.count());
    cuda::LayerNormProblem problem = c.layer(true);
    problem.output = apart.device();
    must(cuda::layer_norm(problem, nullptr), "layer norm");
    problem.output = c.input.device();
    must(cuda::layer_norm(problem, nullptr), "layer norm in place");
    must(cudaDeviceSynchronize(), "layer norm");
    apart.download();
    c.input.download();
    expect_same(checks, c.input, apart, "in place, " + std::to_string(channels) + " channels");
  }
}

void check_refusals(Checks& checks) {
  Case c(Traits{}, 600);
  const auto refuses = [&](const std::string& what, auto change) {
    cuda::LayerNormProblem problem = c.layer(true);
    problem.output = c.input.device();
    change(problem);
    checks.expect(cuda::layer_norm(problem, nullptr) == cudaErrorInvalidValue, "refuses " + what);
  };
  refuses("a scale without a shift", [](auto& p) { p.scale = p.input; });
  refuses("no output", [](auto& p) { p.output = nullptr; });
  refuses("negative tokens", [](auto& p) { p.tokens = -1; });
  refuses("too many channels", [](auto& p) { p.channels = cuda::kMostChannels + 1; });
  refuses("another type", [](auto& p) { p.element = static_cast<Element>(9); });
  cuda::RmsNormProblem rms = c.rms(true);
  checks.expect(cuda::rms_norm(rms, nullptr) == cudaErrorInvalidValue, "refuses no output");
  rms.rows = 0;
  checks.expect(cuda::rms_norm(rms, nullptr) == cudaSuccess, "no rows");
  checks.expect(cuda::layer_norm({}, nullptr) == cudaSuccess, "no tokens");
}

}  // namespace

int main() {
  Checks checks;
  check_lengths(checks);
  check_operands(checks);
  check_alignment(checks);
  check_far_means(checks);
  check_special(checks);
  check_in_place(checks);
  check_refusals(checks);
  return checks.finish();
}
