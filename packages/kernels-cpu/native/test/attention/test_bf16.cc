// BF16 storage against the same numbers in f32: what is computed is the same to the last bit, for arithmetic is f32 in both.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "attention.h"
#include "checks.h"
#include "problem.h"
#include "test_cases.h"
#include "tests.h"

using namespace paroattn::attention;

namespace {

// To the nearest, halves to even, by the distances themselves.
uint16_t nearest(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  const uint32_t below = bits >> 16, rest = bits & 0xffff;
  if (std::isnan(x)) return static_cast<uint16_t>(below | 0x40);
  return static_cast<uint16_t>(below + (rest > 0x8000 || (rest == 0x8000 && below % 2 == 1)));
}

float wide(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

std::vector<uint16_t> narrowed(const std::vector<float>& numbers) {
  std::vector<uint16_t> result;
  for (float x : numbers) result.push_back(nearest(x));
  return result;
}

std::vector<float> rounded(const std::vector<float>& numbers) {
  std::vector<float> result;
  for (float x : numbers) result.push_back(wide(nearest(x)));
  return result;
}

template <class Number>
struct Result {
  std::vector<Number> output;
  std::vector<float> log_sum_exp, maximum;

  bool operator==(const Result& other) const {
    return output == other.output && log_sum_exp == other.log_sum_exp && maximum == other.maximum;
  }
};

// With row scales and a residual, in place, and the maxima of the tiles.
template <class Number>
Result<Number> run(const FrontOptions& front, const std::vector<Number>& residual, const std::vector<float>& row_scale) {
  Status status = Status::kCancelled;
  const OperandsPtr operands = prepare_attention(front, nullptr, &status);
  const OperandsShape shape = shape_of(*operands);
  const size_t tiles = shape.batch * shape.heads * shape.query_blocks * shape.key_blocks;
  Result<Number> result = {residual, std::vector<float>(row_scale.size()), std::vector<float>(tiles)};
  AttentionOptions options;
  options.row_scale = row_scale.data();
  options.residual = result.output.data();
  options.log_sum_exp = result.log_sum_exp.data();
  attention(*operands, options, result.output.data(), nullptr);
  std::vector<float> sum(tiles), small(tiles);
  StatisticsOptions statistics;
  statistics.log_sum_exp = result.log_sum_exp.data();
  statistics.sum = sum.data();
  statistics.maximum = result.maximum.data();
  statistics.small_count = small.data();
  block_statistics(*operands, statistics, nullptr);
  return result;
}

void check_case(Checks& checks, const Case& test, const Quantization& quantization, const std::string& name) {
  Random random(21);
  Problem problem(test.traits, random);
  const FrontOptions& o = problem.options;
  problem.options.quantization = quantization;
  const size_t rows = o.batch * o.heads * o.query_tokens;
  const auto row_scale = random.normals(rows), residual = random.normals(rows * o.head_dim);
  const auto query = narrowed(problem.query), key = narrowed(problem.key), value = narrowed(problem.value);
  FrontOptions storage = o;
  storage.query = query.data();
  storage.key = key.data();
  storage.value = value.data();
  storage.type = NumberType::kBf16;

  // Operands are rounded by the front, where rows come to it as they are.
  FrontOptions operands = o;
  operands.query_key_type = operands.value_type = NumberType::kBf16;
  const bool plain = o.norm.kind == NormKind::kNone && o.rotary.cosine == nullptr && !o.quantization.query_key_bits &&
                     !o.quantization.value_bits;
  const Result<float> narrow = plain ? run(operands, residual, row_scale) : Result<float>{};
  FrontOptions values = o;
  values.value_type = NumberType::kBf16;
  const Result<float> narrow_values = plain ? run(values, residual, row_scale) : Result<float>{};

  problem.value = rounded(problem.value);
  problem.options.value = problem.value.data();
  if (plain) checks.expect(narrow_values == run(o, residual, row_scale), name + " values of bf16");
  problem.query = rounded(problem.query);
  problem.key = rounded(problem.key);
  problem.options.query = problem.query.data();
  problem.options.key = problem.key.data();
  if (plain) checks.expect(narrow == run(o, residual, row_scale), name + " operands of bf16");

  const Result<uint16_t> stored = run(storage, narrowed(residual), row_scale);
  const Result<float> wanted = run(o, rounded(residual), row_scale);
  checks.expect(stored.output == narrowed(wanted.output) && stored.log_sum_exp == wanted.log_sum_exp &&
                    stored.maximum == wanted.maximum,
                name + " tensors of bf16");
  if (!plain) return;
  storage.query_key_type = storage.value_type = NumberType::kBf16;
  const Result<uint16_t> both = run(storage, narrowed(residual), row_scale);
  checks.expect(both == stored, name + " tensors and operands of bf16");
}

// One key: the output is its value, rounded.
void check_rounding(Checks& checks, const std::string& name) {
  const float infinity = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  std::vector<float> value = {1.0f, 1.0f + 0x1p-8f, 1.0f + 0x3p-8f, 1.0f + 0x1p-8f + 0x1p-23f, 1.0f + 0x3p-8f - 0x1p-23f,
                              -1.0f - 0x1p-8f, -1.0f - 0x3p-8f, 0.0f, most, -most, infinity, -infinity, NAN,
                              2.0f - 0x1p-23f, 0x1p-120f + 0x1p-127f, wide(0x4049)};
  std::vector<float> zeros(value.size()), output(value.size());
  FrontOptions o;
  o.query = o.key = zeros.data();
  o.value = value.data();
  o.query_tokens = o.key_tokens = 1;
  o.head_dim = value.size();
  o.value_type = NumberType::kBf16;
  Status status = Status::kCancelled;
  attention(*prepare_attention(o, nullptr, &status), {}, output.data(), nullptr);
  for (size_t i = 0; i < value.size(); ++i) {
    const float wanted = wide(nearest(value[i]));
    checks.expect(std::isnan(wanted) ? std::isnan(output[i]) : output[i] == wanted,
                  name + " rounds " + std::to_string(value[i]) + " to " + std::to_string(output[i]));
  }
}

// Half of what f32 takes for keys and values.
void check_memory(Checks& checks, const std::string& name) {
  Random random(22);
  Traits traits;
  traits.query_tokens = traits.key_tokens = 640, traits.head_dim = 128;
  Problem problem(traits, random);
  Status status = Status::kCancelled;
  const auto bytes = [&] { return shape_of(*prepare_attention(problem.options, nullptr, &status)).bytes; };
  const size_t before = bytes(), panel = size_t{640} * 128 * 4;
  problem.options.query_key_type = problem.options.value_type = NumberType::kBf16;
  checks.expect(before - bytes() == panel, name + " halves the panels of keys and values");
}

}  // namespace

void check_bf16(Checks& checks, const char* target) {
  const std::string name = std::string(target) + " bf16:";
  check_rounding(checks, name);
  check_memory(checks, name);
  for (const Case& test : cases()) {
    check_case(checks, test, {}, name + " " + test.name);
    if (test.traits.distinct == 0) continue;
    check_case(checks, test, {8, true, 8, ProbabilityGroup::kTile, 127, false}, name + " " + test.name + ", codes");
  }
}
