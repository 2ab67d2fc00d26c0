// The attention kernels against a naive double implementation.
#include <string>
#include <vector>

#include "attention.h"
#include "checks.h"
#include "naive.h"
#include "problem.h"
#include "test_cases.h"
#include "tests.h"

using namespace paroattn::attention;

namespace {

// f32 rounding of a dot product of up to 512 terms and of the sum over keys, of order 1.
constexpr double kTolerance = 1e-5;

// A logit is rounded relative to its size, and that error is relative in its exponential.
double tolerance_of(const std::vector<double>& log_sum_exp) {
  double largest = 0;
  for (double x : log_sum_exp) largest = std::fmax(largest, std::fabs(x));
  return kTolerance + largest * 0x1p-22;
}

struct Extras {
  bool mask = false, mask_per_batch = false, bias = false, row_scale = false, residual = false;
};

struct Expected {
  std::vector<double> output, log_sum_exp, sum, maximum, small_count;
};

Expected expect(const Problem& problem, const Extras& extras, const std::vector<uint8_t>& bits,
                const AttentionOptions& options, float epsilon) {
  const FrontOptions& o = problem.options;
  const size_t query_blocks = o.query_partition.blocks, key_blocks = o.key_partition.blocks;
  Expected e;
  e.output.assign(o.batch * o.query_tokens * o.heads * o.head_dim, 0);
  e.log_sum_exp.assign(o.batch * o.heads * o.query_tokens, 0);
  const size_t tiles = o.batch * o.heads * query_blocks * key_blocks;
  for (auto* table : {&e.sum, &e.maximum, &e.small_count}) table->assign(tiles, 0);
  for (size_t b = 0; b < o.batch; ++b) {
    for (size_t h = 0; h < o.heads; ++h) {
      naive::Rows map = naive::logits(o, options.bias, b, h);
      const naive::Rows unmasked = map;
      const auto query_block = naive::blocks_of_tokens(problem.indices(h), problem.query_starts);
      const auto key_block = naive::blocks_of_tokens(problem.indices(h), problem.key_starts);
      const size_t mask_head = (extras.mask_per_batch ? b * o.heads : 0) + h;
      for (size_t i = 0; extras.mask && i < o.query_tokens; ++i) {
        for (size_t j = 0; j < o.key_tokens; ++j) {
          if (!is_live(bits, mask_head, query_blocks, key_blocks, query_block[i], key_block[j])) map[i][j] = -INFINITY;
        }
      }
      const auto lse = naive::softmax(map);
      for (size_t i = 0; i < o.query_tokens; ++i) {
        const size_t at = (b * o.heads + h) * o.query_tokens + i;
        e.log_sum_exp[at] = lse[i];
        for (size_t c = 0; c < o.head_dim; ++c) {
          double sum = 0;
          for (size_t j = 0; j < o.key_tokens; ++j) {
            const size_t kv = h / (o.heads / o.key_value_heads);
            const size_t from = ((b * o.key_tokens + j) * o.key_value_heads + kv) * o.head_dim + c;
            if (map[i][j] > 0) sum += map[i][j] * static_cast<double>(naive::floats(o.value)[from]);
          }
          const size_t to = ((b * o.query_tokens + i) * o.heads + h) * o.head_dim + c;
          if (options.row_scale) sum *= static_cast<double>(options.row_scale[at]);
          if (options.residual) sum += static_cast<double>(naive::floats(options.residual)[to]);
          e.output[to] = sum;
        }
        for (size_t j = 0; j < o.key_tokens; ++j) {
          if (unmasked[i][j] == -INFINITY) continue;
          const size_t tile =
              ((b * o.heads + h) * query_blocks + query_block[i]) * key_blocks + key_block[j];
          const double p = map[i][j];
          e.sum[tile] += p;
          e.maximum[tile] = std::fmax(e.maximum[tile], p);
          e.small_count[tile] += p < static_cast<double>(epsilon);
        }
      }
    }
  }
  return e;
}

// A mask that leaves every query row a live valid key: dead rows get their whole row of blocks back.
std::unique_ptr<Mask> usable_mask(const Problem& problem, const Operands& operands, const Extras& extras,
                                  Random& random, std::vector<uint8_t>& bits) {
  const FrontOptions& o = problem.options;
  const size_t batch = extras.mask_per_batch ? o.batch : 1;
  const size_t query_blocks = o.query_partition.blocks, key_blocks = o.key_partition.blocks;
  for (double density = 0.3;; density = std::fmin(1.0, density + 0.2)) {
    bits = random_mask(random, batch, o.heads, query_blocks, key_blocks, density);
    auto mask = prepare_mask(bits.data(), batch, o.heads, query_blocks, key_blocks);
    if (density == 1.0 || every_query_has_a_live_key(operands, *mask)) return mask;
  }
}

void check_statistics(Checks& checks, const Operands& operands, const Expected& e, const std::vector<float>& lse,
                      float epsilon, const std::string& name) {
  std::vector<float> sum(e.sum.size(), -1.0f), maximum = sum, small_count = sum;
  StatisticsOptions options;
  options.log_sum_exp = lse.data();
  options.epsilon = epsilon;
  options.sum = sum.data();
  options.maximum = maximum.data();
  options.small_count = small_count.data();
  checks.expect(block_statistics(operands, options, nullptr) == Status::kOk, name + " statistics run");
  checks.close(sum, e.sum, tolerance_of(e.log_sum_exp), name + " tile sum");
  checks.close(maximum, e.maximum, tolerance_of(e.log_sum_exp), name + " tile maximum");
  checks.close(small_count, e.small_count, 1e-3, name + " tile small count");  // entries at epsilon may round across
}

void check_case(Checks& checks, const Case& test, uint64_t seed, const std::string& target) {
  Random random(seed);
  const Problem problem(test.traits, random);
  const FrontOptions& o = problem.options;
  const std::string name = target + " " + test.name + " seed " + std::to_string(seed);
  Status status = Status::kCancelled;
  const OperandsPtr operands = prepare_attention(o, nullptr, &status);
  checks.expect(status == Status::kOk && shape_of(*operands).query_blocks == o.query_partition.blocks, name + " front");

  for (int variant = 0; variant < 3; ++variant) {
    Extras extras;
    extras.mask = variant > 0;
    extras.mask_per_batch = variant == 2;
    extras.row_scale = extras.residual = variant == 1;
    extras.bias = test.bias && variant != 2;
    AttentionOptions options;
    const size_t rows = o.batch * o.heads * o.query_tokens, outputs = rows * o.head_dim;
    const auto bias = random.normals(extras.bias ? o.heads * o.query_tokens * o.key_tokens : 0);
    const auto row_scale = random.normals(rows), residual = random.normals(outputs);
    std::vector<float> output(outputs, NAN), lse(rows, NAN);
    std::vector<uint8_t> bits;
    std::unique_ptr<Mask> mask;
    if (extras.mask) mask = usable_mask(problem, *operands, extras, random, bits);
    options.mask = mask.get();
    options.bias = extras.bias ? bias.data() : nullptr;
    options.row_scale = extras.row_scale ? row_scale.data() : nullptr;
    if (extras.residual) {  // in place
      output = residual;
      options.residual = output.data();
    }
    options.log_sum_exp = lse.data();
    const float epsilon = 2.0f / static_cast<float>(o.key_tokens + 1);
    checks.expect(attention(*operands, options, output.data(), nullptr) == Status::kOk, name + " runs");
    if (extras.residual) options.residual = residual.data();
    const Expected e = expect(problem, extras, bits, options, epsilon);
    const std::string variant_name = name + " variant " + std::to_string(variant);
    checks.close(output, e.output, tolerance_of(e.log_sum_exp), variant_name + " output");
    checks.close(lse, e.log_sum_exp, kTolerance, variant_name + " log-sum-exp");
    if (variant == 0 && !extras.bias) check_statistics(checks, *operands, e, lse, epsilon, name);
  }
}

}  // namespace

void check_numerics(Checks& checks, const char* target, uint64_t seeds) {
  for (const Case& test : cases()) {
    for (uint64_t seed = 1; seed <= seeds; ++seed) check_case(checks, test, seed, target);
  }
}
