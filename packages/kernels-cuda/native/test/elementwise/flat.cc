// activate, addGated, combine and cast: every type, tails, addresses that miss 16 bytes, special numbers, in place.
#include <memory>

#include "elementwise/activate.h"
#include "elementwise/add_gated.h"
#include "elementwise/cast.h"
#include "elementwise/combine.h"
#include "elementwise/numbers.h"

using namespace paroattn;
using namespace paroattn::test;
using cuda::Activation;

namespace {

constexpr double kUnit = 0x1p-24;  // unit roundoff of f32, in which kernels compute
// Roundings allowed to exp, tanh, erf, division and square root together.
constexpr double kFunctionRoundings = 16;

constexpr Activation kActivations[] = {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh, Activation::kRelu};

void finish(Numbers& found, Checks& checks, const std::string& name) {
  must(cudaDeviceSynchronize(), name.c_str());
  checks.expect(found.download(), name + " stays within its output");
}

void check_activate(Checks& checks, Element element, int64_t count, int shift, bool special) {
  Random random(static_cast<uint64_t>(count) + static_cast<uint64_t>(shift));
  for (const Activation activation : kActivations) {
    const std::string name = std::string("activation ") + std::to_string(static_cast<int>(activation)) + " of " +
                             std::to_string(count) + " " + name_of(element) + ", shift " + std::to_string(shift);
    Numbers input(element, count, shift), found(element, count, shift), wanted(Element::kF32, count);
    fill(input, random, 3.0);
    if (special) {
      const std::vector<double> values = special_values(element);
      for (size_t i = 0; i < values.size(); ++i) input.set(static_cast<int64_t>(i), values[i]);
      input.upload();
    }
    found.upload();
    must(cuda::activate({element, activation, count, input.device(), found.device()}, nullptr), name.c_str());
    finish(found, checks, name);
    Numbers wide = widened(input);
    cuda::activate_reference({Element::kF32, activation, count, wide.host(), wanted.host()});
    const double relative = activation == Activation::kRelu ? 0 : kFunctionRoundings * kUnit;
    expect_close(checks, found, wanted, [&](int64_t i) { return relative * std::fabs(input.at(i)); }, name);
    if (shift != 0) continue;
    must(cuda::activate({element, activation, count, input.device(), input.device()}, nullptr), name.c_str());
    finish(input, checks, name);
    expect_same(checks, input, found, name + " in place");
  }
}

void check_add_gated(Checks& checks, Element element, int64_t batch, int64_t tokens, int64_t channels, int shift) {
  const std::string name = std::string("addGated of ") + std::to_string(batch) + "x" + std::to_string(tokens) + "x" +
                           std::to_string(channels) + " " + name_of(element) + ", shift " + std::to_string(shift);
  Random random(static_cast<uint64_t>(channels));
  const int64_t count = batch * tokens * channels;
  Numbers residual(element, count), value(element, count, shift), gate(element, batch * channels);
  Numbers found(element, count), wanted(Element::kF32, count);
  fill(residual, random);
  fill(value, random);
  fill(gate, random);
  found.upload();
  must(cuda::add_gated({element, batch, tokens, channels, residual.device(), value.device(), gate.device(),
                        found.device()},
                       nullptr),
       name.c_str());
  finish(found, checks, name);
  Numbers wide_residual = widened(residual), wide_value = widened(value), wide_gate = widened(gate);
  cuda::add_gated_reference({Element::kF32, batch, tokens, channels, wide_residual.host(), wide_value.host(),
                             wide_gate.host(), wanted.host()});
  expect_close(
      checks, found, wanted,
      [&](int64_t i) {
        const double gated = gate.at(i / (tokens * channels) * channels + i % channels) * value.at(i);
        return 3 * kUnit * (std::fabs(residual.at(i)) + std::fabs(gated));
      },
      name);
}

void check_combine(Checks& checks, Element element, int terms, int64_t count, int shift) {
  const std::string name = std::string("combine of ") + std::to_string(terms) + "x" + std::to_string(count) + " " +
                           name_of(element) + ", shift " + std::to_string(shift);
  Random random(static_cast<uint64_t>(terms));
  cuda::CombineProblem problem;
  problem.element = element;
  problem.term_count = terms;
  problem.count = count;
  std::vector<std::unique_ptr<Numbers>> tensors, wide;
  std::vector<double> magnitude(static_cast<size_t>(count));
  cuda::CombineProblem reference = problem;
  reference.element = Element::kF32;
  for (int term = 0; term < terms; ++term) {
    tensors.push_back(std::make_unique<Numbers>(element, count, term == terms - 1 ? shift : 0));
    fill(*tensors.back(), random);
    wide.push_back(std::make_unique<Numbers>(widened(*tensors.back())));
    problem.tensors[term] = tensors.back()->device();
    reference.tensors[term] = wide.back()->host();
    problem.factors[term] = reference.factors[term] = static_cast<float>(random.normal());
    for (int64_t i = 0; i < count; ++i) {
      magnitude[static_cast<size_t>(i)] += std::fabs(problem.factors[term] * tensors.back()->at(i));
    }
  }
  Numbers found(element, count), wanted(Element::kF32, count);
  found.upload();
  problem.output = found.device();
  reference.output = wanted.host();
  must(cuda::combine(problem, nullptr), name.c_str());
  finish(found, checks, name);
  cuda::combine_reference(reference);
  const double relative = (terms + 1) * kUnit;
  expect_close(checks, found, wanted, [&](int64_t i) { return relative * magnitude[static_cast<size_t>(i)]; }, name);
}

void check_cast(Checks& checks, Element from, Element to, int64_t count, int shift, int target_shift) {
  const std::string name = std::string("cast of ") + std::to_string(count) + " " + name_of(from) + " to " +
                           name_of(to) + ", shifts " + std::to_string(shift) + " " + std::to_string(target_shift);
  Random random(static_cast<uint64_t>(count));
  Numbers input(from, count, shift), found(to, count, target_shift), wanted(to, count);
  fill(input, random, 100.0);
  const std::vector<double> values = special_values(from);
  if (count > 50) {
    for (size_t i = 0; i < values.size(); ++i) input.set(static_cast<int64_t>(i), values[i]);
    // Beyond f16, ties, subnormals of f16.
    const double more[] = {65519, 65520, 1e5, 2049, 2051, 257, 259, 0x1.8p-24, 0x1p-25, 0x1.4p-20};
    for (size_t i = 0; i < 10; ++i) input.set(static_cast<int64_t>(values.size() + i), more[i]);
    input.upload();
  }
  found.upload();
  must(cuda::cast({from, to, count, input.device(), found.device()}, nullptr), name.c_str());
  finish(found, checks, name);
  cuda::cast_reference({from, to, count, input.host(), wanted.host()});
  expect_same(checks, found, wanted, name);
}

void check_refusals(Checks& checks) {
  Numbers numbers(Element::kF32, 8);
  numbers.upload();
  void* data = numbers.device();
  const auto other = static_cast<Element>(9);
  const auto refuses = [&](cudaError_t error, const std::string& what) {
    checks.expect(error == cudaErrorInvalidValue, "refuses " + what);
  };
  refuses(cuda::activate({Element::kF32, Activation::kSilu, -1, data, data}, nullptr), "a negative count");
  refuses(cuda::activate({Element::kF32, Activation::kSilu, 8, nullptr, data}, nullptr), "no input");
  refuses(cuda::activate({other, Activation::kSilu, 8, data, data}, nullptr), "another type");
  refuses(cuda::activate({Element::kF32, static_cast<Activation>(9), 8, data, data}, nullptr), "another function");
  refuses(cuda::add_gated({Element::kF32, 1, -2, 4, data, data, data, data}, nullptr), "negative tokens");
  refuses(cuda::add_gated({Element::kF32, 1, 2, 4, data, data, nullptr, data}, nullptr), "no gate");
  refuses(cuda::add_gated({other, 1, 2, 4, data, data, data, data}, nullptr), "another type");
  refuses(cuda::cast({other, Element::kF32, 8, data, data}, nullptr), "another source");
  refuses(cuda::cast({Element::kF32, other, 8, data, data}, nullptr), "another target");
  refuses(cuda::cast({Element::kF32, Element::kF16, 8, data, nullptr}, nullptr), "no output");
  cuda::CombineProblem problem;
  problem.count = 8;
  problem.output = data;
  refuses(cuda::combine(problem, nullptr), "no terms");
  problem.term_count = 1;
  refuses(cuda::combine(problem, nullptr), "a missing term");
  problem.term_count = cuda::kMaxTerms + 1;
  refuses(cuda::combine(problem, nullptr), "too many terms");
}

void check_empty(Checks& checks) {
  checks.expect(cuda::activate({}, nullptr) == cudaSuccess, "no elements to activate");
  checks.expect(cuda::add_gated({}, nullptr) == cudaSuccess, "no elements to gate");
  checks.expect(cuda::cast({}, nullptr) == cudaSuccess, "no elements to cast");
  checks.expect(cuda::combine({}, nullptr) == cudaSuccess, "no elements to combine");
}

}  // namespace

int main() {
  Checks checks;
  for (const Element element : kElements) {
    for (const int64_t count : {1, 7, 8, 67, 1027}) check_activate(checks, element, count, 0, false);
    check_activate(checks, element, 67, 0, true);
    check_activate(checks, element, 67, 3, true);
    for (const int64_t channels : {1, 8, 35, 64}) check_add_gated(checks, element, 2, 13, channels, 0);
    check_add_gated(checks, element, 3, 5, 64, 1);
    for (const int terms : {1, 2, 5, cuda::kMaxTerms}) check_combine(checks, element, terms, 111, 0);
    check_combine(checks, element, 2, 111, 1);
    for (const Element to : kElements) {
      for (const int64_t count : {1, 9, 259}) check_cast(checks, element, to, count, 0, 0);
      check_cast(checks, element, to, 259, 1, 0);
      check_cast(checks, element, to, 259, 0, 4);
    }
  }
  check_refusals(checks);
  check_empty(checks);
  return checks.finish();
}
