// The INT8 and INT4 kernels against codes in double, in every variant.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "attention.h"
#include "checks.h"
#include "common/vnni.h"
#include "naive_quantized.h"
#include "problem.h"
#include "tests.h"

using namespace paroattn::attention;

namespace {

// f32 rounding of the sums over tiles, of order 1; sums within a tile are exact, logits of codes too.
double tolerance_of(const Quantization& quantization) { return quantization.query_key_bits > 0 ? 2e-6 : 3e-5; }

struct Variant {
  std::string name;
  Quantization quantization;
};

std::vector<Variant> variants() {
  std::vector<Variant> list;
  for (unsigned bits : {8, 4}) {
    const std::string type = "int" + std::to_string(bits);
    list.push_back({type + " qk", {bits, true, 0, ProbabilityGroup::kTile, 127, false}});
    list.push_back({type + " pv", {0, true, bits, ProbabilityGroup::kTile, bits == 8 ? 127.0f : 15.0f, false}});
    list.push_back({type + " unsmoothed", {bits, false, bits, ProbabilityGroup::kTile, bits == 8 ? 127.0f : 15.0f, false}});
    const std::vector<float> ranges = bits == 8 ? std::vector<float>{127, 255} : std::vector<float>{15};
    for (float largest : ranges) {
      for (auto group : {ProbabilityGroup::kTile, ProbabilityGroup::kTileRow, ProbabilityGroup::kRow}) {
        for (bool rank1 : {false, true}) {
          list.push_back({type + " group " + std::to_string(static_cast<int>(group)) + " to " +
                              std::to_string(static_cast<int>(largest)) + (rank1 ? " rank 1" : ""),
                          {bits, true, bits, group, largest, rank1}});
        }
      }
    }
  }
  return list;
}

struct Shape {
  std::string name;
  Traits traits;
  bool mask = false, bias = false;
};

std::vector<Shape> shapes() {
  std::vector<Shape> list;
  const auto add = [&](const std::string& name, bool mask, bool bias, auto change) {
    Shape shape = {name, {}, mask, bias};
    change(shape.traits);
    list.push_back(shape);
  };
  add("one token", false, false, [](Traits& t) { t.query_tokens = t.key_tokens = 1; });
  add("tail, 20 channels", false, false, [](Traits& t) { t.query_tokens = t.key_tokens = 133, t.head_dim = 20; });
  add("cross, masked, biased", true, true, [](Traits& t) {
    t.query_tokens = 130, t.key_tokens = 200, t.heads = 2, t.key_lengths = true, t.batch = 2, t.head_dim = 72;
  });
  add("orders, text, grouped heads, masked", true, false, [](Traits& t) {
    t.query_tokens = t.key_tokens = 30 + 170, t.text = 30, t.heads = 4, t.key_value_heads = 2, t.distinct = 2;
    t.key_lengths = true, t.mean = 3;
  });
  add("sharp", false, false, [](Traits& t) { t.query_tokens = t.key_tokens = 200, t.magnitude = 10; });
  return list;
}

void check_shape(Checks& checks, const Shape& shape, const Variant& variant, const std::string& target) {
  Random random(3);
  Problem problem(shape.traits, random);
  FrontOptions& o = problem.options;
  o.quantization = variant.quantization;
  const std::string name = target + " " + variant.name + ", " + shape.name;
  Status status = Status::kCancelled;
  const OperandsPtr operands = prepare_attention(o, nullptr, &status);
  checks.expect(status == Status::kOk, name + " front");
  std::vector<uint8_t> bits;
  std::unique_ptr<Mask> mask;
  while (shape.mask && (!mask || !every_query_has_a_live_key(*operands, *mask))) {
    bits = random_mask(random, 1, o.heads, o.query_partition.blocks, o.key_partition.blocks, 0.7);
    mask = prepare_mask(bits.data(), 1, o.heads, o.query_partition.blocks, o.key_partition.blocks);
  }
  const auto bias = random.normals(shape.bias ? o.heads * o.query_tokens * o.key_tokens : 0);
  AttentionOptions options;
  options.bias = shape.bias ? bias.data() : nullptr;
  options.mask = mask.get();
  std::vector<float> output(o.batch * o.query_tokens * o.heads * o.head_dim, NAN);
  std::vector<float> lse(o.batch * o.heads * o.query_tokens, NAN);
  options.log_sum_exp = lse.data();
  checks.expect(attention(*operands, options, output.data(), nullptr) == Status::kOk, name + " runs");
  double largest = 1;
  for (float v : problem.value) {
    if (std::isfinite(v)) largest = std::fmax(largest, std::fabs(static_cast<double>(v)));
  }
  double worst = 0, worst_lse = 0;
  for (size_t b = 0; b < o.batch; ++b) {
    for (size_t h = 0; h < o.heads; ++h) {
      const auto head = naive::quantized_attention(
          o, problem.indices(h), options.bias, b, h, problem.query_starts, problem.key_starts,
          [&](size_t qb, size_t kb) {
            return !options.mask || is_live(bits, h, o.query_partition.blocks, o.key_partition.blocks, qb, kb);
          });
      for (size_t i = 0; i < o.query_tokens; ++i) {
        const naive::QuantizedRow& row = head.rows[i];
        for (size_t c = 0; c < o.head_dim; ++c) {
          const float found = output[((b * o.query_tokens + i) * o.heads + h) * o.head_dim + c];
          const double beyond = std::fabs(static_cast<double>(found) - row.output[c]) - row.slack[c];
          if (!(beyond <= worst)) worst = beyond;
        }
        const double off = std::fabs(static_cast<double>(lse[(b * o.heads + h) * o.query_tokens + i]) - row.log_sum_exp);
        const double beyond = (off - row.log_sum_exp_slack) / (1 + std::fabs(row.log_sum_exp));
        if (!(beyond <= worst_lse)) worst_lse = beyond;
      }
    }
  }
  const double tolerance = tolerance_of(variant.quantization);
  checks.expect(worst <= tolerance * largest, name + ": output off by " + std::to_string(worst * 1e6) + "e-6");
  checks.expect(worst_lse <= tolerance, name + ": log-sum-exp off by " + std::to_string(worst_lse * 1e6) + "e-6");
}

// The statistics of a tile are those of the coded logits: over all tiles of a query block its rows' sums, 1 each.
void check_statistics_of_codes(Checks& checks, const std::string& target) {
  Random random(4);
  Traits traits;
  traits.query_tokens = traits.key_tokens = 150, traits.heads = 2, traits.mean = 2;
  Problem problem(traits, random);
  problem.options.quantization = {8, true, 8, ProbabilityGroup::kTile, 127, false};
  Status status = Status::kCancelled;
  const OperandsPtr operands = prepare_attention(problem.options, nullptr, &status);
  std::vector<float> output(150 * 2 * 64), lse(2 * 150), sum(2 * 3 * 3), maximum(sum), small_count(sum);
  AttentionOptions options;
  options.log_sum_exp = lse.data();
  attention(*operands, options, output.data(), nullptr);
  StatisticsOptions statistics;
  statistics.log_sum_exp = lse.data();
  statistics.sum = sum.data();
  statistics.maximum = maximum.data();
  statistics.small_count = small_count.data();
  block_statistics(*operands, statistics, nullptr);
  for (size_t row = 0; row < 6; ++row) {
    const float total = sum[row * 3] + sum[row * 3 + 1] + sum[row * 3 + 2], rows = row % 3 < 2 ? 64 : 22;
    checks.expect(std::fabs(total - rows) < 1e-3f, target + " statistics of codes: " + std::to_string(total));
  }
}

// Every code as large as it gets, so that sums of products that are too narrow would show: all logits are equal, and each
// channel of the values is 1 or -1 throughout.
void check_largest_codes(Checks& checks, const Variant& variant, const std::string& target) {
  constexpr size_t kTokens = 130, kDim = 256;
  std::vector<float> ones(kTokens * kDim, 1.0f), value(kTokens * kDim);
  for (size_t i = 0; i < value.size(); ++i) value[i] = i % kDim % 3 == 0 ? -1.0f : 1.0f;
  FrontOptions o;
  o.query = o.key = ones.data();
  o.value = value.data();
  o.query_tokens = o.key_tokens = kTokens;
  o.head_dim = kDim;
  o.scale = 1.0f / 16;
  o.quantization = variant.quantization;
  o.quantization.smooth_keys = false;
  Status status = Status::kCancelled;
  const OperandsPtr operands = prepare_attention(o, nullptr, &status);
  std::vector<float> output(value.size(), NAN), lse(kTokens, NAN);
  AttentionOptions options;
  options.log_sum_exp = lse.data();
  attention(*operands, options, output.data(), nullptr);
  float worst = 0;
  for (size_t i = 0; i < output.size(); ++i) worst = std::fmax(worst, std::fabs(output[i] - value[i]));
  for (float x : lse) worst = std::fmax(worst, std::fabs(x - (16 + std::log(130.0f))));
  checks.expect(worst <= (variant.quantization.query_key_bits > 0 ? 1e-5f : 1e-4f) && !std::isnan(output.back()) && !std::isnan(lse.back()),
                target + " " + variant.name + ", largest codes: off by " + std::to_string(worst * 1e6f) + "e-6");
}

// A block with NaN or infinity makes what it takes part in NaN, and nothing else.
void check_nan(Checks& checks, const Variant& variant, const std::string& target) {
  constexpr size_t kTokens = 150, kDim = 24;
  const uint8_t live[] = {0b11011010, 0};  // query block 0: keys 1; 1: 0, 1; 2: 0, 1
  const std::unique_ptr<Mask> mask = prepare_mask(live, 1, 1, 3, 3);
  for (float spoiler : {NAN, INFINITY}) {
    for (int which : {0, 1, 2}) {
      Random random(5);
      Traits traits;
      traits.query_tokens = traits.key_tokens = kTokens, traits.head_dim = kDim;
      Problem problem(traits, random);
      problem.options.quantization = variant.quantization;
      // The mean of the keys would carry it to all of them.
      problem.options.quantization.smooth_keys = false;
      (which == 0 ? problem.query : which == 1 ? problem.key : problem.value)[10 * kDim + 3] = spoiler;
      const Quantization& q = problem.options.quantization;
      if (which == 2 ? q.value_bits == 0 : q.query_key_bits == 0) continue;
      Status status = Status::kCancelled;
      const OperandsPtr operands = prepare_attention(problem.options, nullptr, &status);
      std::vector<float> output(kTokens * kDim);
      AttentionOptions options;
      options.mask = mask.get();
      attention(*operands, options, output.data(), nullptr);
      bool as_expected = true;
      for (size_t i = 0; i < output.size(); ++i) {
        const bool of_block_0 = i / kDim < 64;
        // With rank 1 a channel without a scale leaves the block, or all blocks, without one.
        if (which == 2 && q.rank1_values) {
          as_expected = as_expected && (i % kDim != 3 || of_block_0 || std::isnan(output[i]));
          continue;
        }
        const bool spoiled = which == 0 ? of_block_0 : which == 1 ? !of_block_0 : !of_block_0 && i % kDim == 3;
        as_expected = as_expected && std::isnan(output[i]) == spoiled;
      }
      checks.expect(as_expected, target + " " + variant.name + ", NaN or infinity in operand " + std::to_string(which));
    }
  }
}

// Panels of bytes, and of half bytes.
void check_memory(Checks& checks) {
  Random random(6);
  Traits traits;
  traits.query_tokens = traits.key_tokens = 1024;
  Problem problem(traits, random);
  const auto bytes_with = [&](unsigned bits) {
    problem.options.quantization.query_key_bits = problem.options.quantization.value_bits = bits;
    Status status = Status::kCancelled;
    return static_cast<double>(shape_of(*prepare_attention(problem.options, nullptr, &status)).bytes);
  };
  const double floats = bytes_with(0);
  checks.expect(bytes_with(8) < 0.27 * floats, "int8 operands take " + std::to_string(bytes_with(8) / floats));
  checks.expect(bytes_with(4) < 0.145 * floats, "int4 operands take " + std::to_string(bytes_with(4) / floats));
}

}  // namespace

void check_quantized(Checks& checks, const char* target) {
  check_memory(checks);
  for (bool vnni : {true, false}) {
    paroattn::vnni_allowed = vnni;
    if (vnni && !paroattn::has_vnni()) continue;
    const std::string name = target + std::string(vnni ? " with VNNI" : "");
    for (const Variant& variant : variants()) {
      for (const Shape& shape : shapes()) check_shape(checks, shape, variant, name);
      check_largest_codes(checks, variant, name);
      check_nan(checks, variant, name);
    }
    check_statistics_of_codes(checks, name);
  }
  paroattn::vnni_allowed = true;
}
