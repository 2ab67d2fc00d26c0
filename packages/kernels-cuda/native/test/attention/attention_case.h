// A problem for attention() from a few choices: random tokens packed on the host, masks, orders; run on the device and
// compared with the reference, each value within an error derived from its own terms.
#ifndef PAROATTN_TEST_ATTENTION_ATTENTION_CASE_H_
#define PAROATTN_TEST_ATTENTION_ATTENTION_CASE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "attention/attention.h"
#include "attention/work_order.h"
#include "front/checks.h"
#include "front/device_array.h"
#include "front/host_element.h"
#include "front/row_table.h"

namespace paroattn {
namespace test {

using cuda::Element;
using cuda::kBlock;

struct AttentionCase {
  std::string name;
  uint64_t seed = 1;
  Element element = Element::kBF16;
  Element output_element = Element::kF32;
  int head_dim = 64;
  int batch = 1, heads = 1, key_heads = 1;
  int query_tokens = 64, key_tokens = 64;
  float logit_gain = 1.0f;    // times the usual 1 / sqrt(head_dim)
  bool growing_keys = false;  // later keys are longer, so that the running maximum keeps moving

  // Whether a block is live: of mask's batch row, head, query block, key block. Empty: no mask, dense.
  std::function<bool(int, int, int, int)> live;
  int mask_batch = 1;

  bool reversed_heads = false;   // every other head has its tokens in reversed order; self-attention, key_heads = heads
  std::vector<int> key_lengths;  // [batch]; empty: all
  int skipped_queries = 0;       // the last tokens that no packed row holds

  bool row_scale = false;
  bool residual = false;
  bool in_place = false;  // the residual is the output
  bool log_sum_exp = true;
};

// On the host, row-major; problem's pointers are into it.
struct HostProblem {
  std::vector<uint16_t> query, key, value;
  std::vector<int32_t> key_counts, query_rows, order_choice;
  std::vector<uint32_t> mask;
  std::vector<cuda::WorkItem> items;
  std::vector<float> row_scale;
  std::vector<uint8_t> residual;
  cuda::AttentionProblem problem;

  HostProblem() = default;
  HostProblem(const HostProblem&) = delete;
  HostProblem(HostProblem&&) = default;  // vectors keep their places
};

inline std::vector<uint32_t> block_starts(int tokens) {
  std::vector<uint32_t> starts;
  for (int start = 0; start < tokens; start += kBlock) starts.push_back(static_cast<uint32_t>(start));
  starts.push_back(static_cast<uint32_t>(tokens));
  return starts;
}

inline std::vector<int32_t> tables_of(int tokens, bool reversed_too) {
  std::vector<int32_t> tables = cuda::row_table(block_starts(tokens), {});
  if (reversed_too) {
    std::vector<uint32_t> gather(static_cast<size_t>(tokens));
    for (size_t i = 0; i < gather.size(); ++i) gather[i] = static_cast<uint32_t>(gather.size() - 1 - i);
    const std::vector<int32_t> reversed = cuda::row_table(block_starts(tokens), gather);
    tables.insert(tables.end(), reversed.begin(), reversed.end());
  }
  return tables;
}

// Random rows of every token and head, [batch, heads, tokens, head_dim], as the element holds them.
inline std::vector<uint16_t> random_tokens(Random& random, const AttentionCase& options, int heads, int tokens,
                                           bool growing) {
  std::vector<uint16_t> data(static_cast<size_t>(options.batch) * heads * tokens * options.head_dim);
  for (size_t i = 0; i < data.size(); ++i) {
    const size_t token = i / options.head_dim % static_cast<size_t>(tokens);
    const double length = growing ? 0.1 + 2.0 * static_cast<double>(token) / tokens : 1.0;
    cuda::store_element(random.normal() * length, options.element, static_cast<int64_t>(i), data.data());
  }
  return data;
}

// One head's rows block by block, [blocks, 64, packed_head_dim]; rows that are not valid stay zero, in the order of the
// table or, for keys, with the valid ones first.
inline void pack_panel(const AttentionCase& options, const uint16_t* tokens, const int32_t* table, int blocks,
                       int length, bool valid_first, uint16_t* panel) {
  const size_t width = static_cast<size_t>(cuda::packed_head_dim(options.head_dim));
  for (int block = 0; block < blocks; ++block) {
    int place = 0;
    for (int row = 0; row < kBlock; ++row) {
      const int token = table[block * kBlock + row];
      const bool valid = token >= 0 && token < length;
      const size_t target = static_cast<size_t>(block * kBlock + (valid_first ? place : row));
      if (!valid) continue;
      std::copy_n(tokens + static_cast<size_t>(token) * options.head_dim, options.head_dim, panel + target * width);
      ++place;
    }
  }
}

inline HostProblem make_problem(const AttentionCase& options) {
  HostProblem host;
  Random random(options.seed);
  const std::vector<uint16_t> query = random_tokens(random, options, options.heads, options.query_tokens, false);
  const std::vector<uint16_t> key =
      random_tokens(random, options, options.key_heads, options.key_tokens, options.growing_keys);
  const std::vector<uint16_t> value = random_tokens(random, options, options.key_heads, options.key_tokens, false);

  cuda::AttentionProblem& problem = host.problem;
  cuda::PackedOperands& operands = problem.operands;
  operands.element = options.element;
  operands.batch = options.batch;
  operands.heads = options.heads;
  operands.key_heads = options.key_heads;
  operands.head_dim = options.head_dim;
  operands.query_tokens = options.query_tokens;
  operands.key_tokens = options.key_tokens;
  operands.query_blocks = (options.query_tokens + kBlock - 1) / kBlock;
  operands.key_blocks = (options.key_tokens + kBlock - 1) / kBlock;
  operands.scale = options.logit_gain / std::sqrt(static_cast<float>(options.head_dim));

  host.query_rows = tables_of(options.query_tokens, options.reversed_heads);
  const std::vector<int32_t> key_rows = tables_of(options.key_tokens, options.reversed_heads);
  if (options.reversed_heads) {
    for (int head = 0; head < options.heads; ++head) host.order_choice.push_back(head % 2);
    operands.order_choice = host.order_choice.data();
  }
  host.key_counts =
      cuda::count_valid_keys(key_rows, operands.key_blocks, options.batch, options.heads, options.key_heads,
                             operands.order_choice, options.key_lengths.empty() ? nullptr : options.key_lengths.data());

  const size_t width = static_cast<size_t>(cuda::packed_head_dim(options.head_dim));
  const size_t query_panel = static_cast<size_t>(operands.query_blocks) * kBlock * width;
  const size_t key_panel = static_cast<size_t>(operands.key_blocks) * kBlock * width;
  host.query.assign(static_cast<size_t>(options.batch) * options.heads * query_panel, 0);
  host.key.assign(static_cast<size_t>(options.batch) * options.key_heads * key_panel, 0);
  host.value.assign(host.key.size(), 0);
  const auto table_of = [&](const std::vector<int32_t>& tables, int head, int blocks) {
    const int order = options.reversed_heads ? head % 2 : 0;
    return tables.data() + static_cast<size_t>(order) * blocks * kBlock;
  };
  for (int b = 0; b < options.batch; ++b) {
    for (int head = 0; head < options.heads; ++head) {
      const size_t place = static_cast<size_t>(b) * options.heads + head;
      pack_panel(options, query.data() + place * options.query_tokens * options.head_dim,
                 table_of(host.query_rows, head, operands.query_blocks), operands.query_blocks, options.query_tokens,
                 false, host.query.data() + place * query_panel);
    }
    for (int head = 0; head < options.key_heads; ++head) {
      const size_t place = static_cast<size_t>(b) * options.key_heads + head;
      const int length = options.key_lengths.empty() ? options.key_tokens : options.key_lengths[b];
      const size_t from = place * options.key_tokens * options.head_dim;
      const int32_t* table = table_of(key_rows, head, operands.key_blocks);
      pack_panel(options, key.data() + from, table, operands.key_blocks, length, true,
                 host.key.data() + place * key_panel);
      pack_panel(options, value.data() + from, table, operands.key_blocks, length, true,
                 host.value.data() + place * key_panel);
    }
  }
  for (int32_t& token : host.query_rows) {
    if (token >= options.query_tokens - options.skipped_queries) token = -1;
  }

  if (options.live) {
    problem.mask_batch = options.mask_batch;
    problem.mask_words = cuda::mask_words_of(operands.key_blocks);
    const size_t rows = static_cast<size_t>(options.mask_batch) * options.heads * operands.query_blocks;
    host.mask.assign(rows * problem.mask_words, 0u);
    for (size_t row = 0; row < rows; ++row) {
      const int block = static_cast<int>(row) % operands.query_blocks;
      const int head = static_cast<int>(row) / operands.query_blocks % options.heads;
      const int b = static_cast<int>(row) / operands.query_blocks / options.heads;
      for (int k = 0; k < operands.key_blocks; ++k) {
        if (options.live(b, head, block, k)) host.mask[row * problem.mask_words + k / 32] |= 1u << k % 32;
      }
    }
    cuda::MaskShape shape;
    shape.batch = options.mask_batch;
    shape.heads = options.heads;
    shape.query_blocks = operands.query_blocks;
    shape.key_blocks = operands.key_blocks;
    cuda::PanelShape panels;
    panels.batch = options.batch;
    panels.key_heads = options.key_heads;
    host.items = cuda::order_work(host.mask, shape, panels);
    problem.mask = host.mask.data();
    problem.items = host.items.data();
    problem.item_count = static_cast<int>(host.items.size());
  }

  const size_t rows = static_cast<size_t>(options.batch) * options.heads * options.query_tokens;
  if (options.row_scale) {
    for (size_t i = 0; i < rows; ++i) host.row_scale.push_back(static_cast<float>(random.normal()));
    problem.row_scale = host.row_scale.data();
  }
  if (options.residual || options.in_place) {
    host.residual.resize(rows * options.head_dim * size_of(options.output_element));
    for (size_t i = 0; i < rows * options.head_dim; ++i) {
      cuda::store_element(random.normal(), options.output_element, static_cast<int64_t>(i), host.residual.data());
    }
    problem.residual = host.residual.data();
  }
  problem.output_element = options.output_element;
  operands.query = host.query.data();
  operands.key = host.key.data();
  operands.value = host.value.data();
  operands.key_counts = host.key_counts.data();
  operands.query_rows = host.query_rows.data();
  return host;
}

struct AttentionResult {
  std::vector<uint8_t> output;
  std::vector<float> log_sum_exp;

  bool operator==(const AttentionResult& other) const {
    return output == other.output && log_sum_exp.size() == other.log_sum_exp.size() &&
           std::equal(log_sum_exp.begin(), log_sum_exp.end(), other.log_sum_exp.begin());
  }
};

// Output and log-sum-exp are poisoned before, unless the residual is the output. Runs the kernel twice with the same
// counters, as a graph would replay it: the first must have left them zero.
//
// on_device: changes what the kernel gets, once all pointers are to device memory.
inline AttentionResult run_on_device(const AttentionCase& options, const HostProblem& host,
                                     const std::function<void(cuda::AttentionProblem&)>& on_device = {}) {
  DeviceArray<uint16_t> query(host.query), key(host.key), value(host.value);
  DeviceArray<int32_t> key_counts(host.key_counts), query_rows(host.query_rows), order_choice(host.order_choice);
  DeviceArray<uint32_t> mask(host.mask);
  DeviceArray<cuda::WorkItem> items(host.items);
  DeviceArray<float> row_scale(host.row_scale);
  DeviceArray<uint8_t> residual(host.residual);
  const size_t rows = static_cast<size_t>(options.batch) * options.heads * options.query_tokens;
  DeviceBytes output(rows * options.head_dim * size_of(options.output_element));
  DeviceArray<float> log_sum_exp(options.log_sum_exp ? rows : 0);
  DeviceArray<uint32_t> counter(std::vector<uint32_t>{0, 0});

  cuda::AttentionProblem problem = host.problem;
  cuda::PackedOperands& operands = problem.operands;
  operands.query = query.device();
  operands.key = key.device();
  operands.value = value.device();
  operands.key_counts = key_counts.device();
  operands.query_rows = query_rows.device();
  operands.order_choice = order_choice.device();
  problem.mask = mask.device();
  problem.items = items.device();
  problem.row_scale = row_scale.device();
  problem.residual = options.in_place ? output.device() : residual.device();
  problem.output = output.device();
  problem.log_sum_exp = log_sum_exp.device();
  problem.counter = counter.device();
  if (on_device) on_device(problem);

  AttentionResult result;
  for (int run = 0; run < 2; ++run) {
    if (options.in_place) {
      output.host = host.residual;
      output.upload();
    } else {
      output.poison();
    }
    log_sum_exp.poison();
    must(cuda::attention(problem, nullptr), "attention");
    must(cudaDeviceSynchronize(), (options.name + ": attention's kernel").c_str());
    output.download();
    log_sum_exp.download();
    AttentionResult now;
    now.output = output.host;
    now.log_sum_exp.assign(log_sum_exp.host(), log_sum_exp.host() + log_sum_exp.size());
    if (run == 1 && !(now.output == result.output)) {
      std::printf("FAILED %s: a second run differs\n", options.name.c_str());
      std::exit(1);
    }
    result = now;
  }
  counter.download();
  if (counter.host()[0] != 0 || counter.host()[1] != 0) {
    std::printf("FAILED %s: counters are %u %u\n", options.name.c_str(), counter.host()[0], counter.host()[1]);
    std::exit(1);
  }
  return result;
}

// The largest sum of |query channel * key channel| over all pairs of a head, times the scale: what rounding errors of
// logits are relative to.
inline double largest_logit_terms(const HostProblem& host) {
  const cuda::PackedOperands& o = host.problem.operands;
  const size_t width = static_cast<size_t>(cuda::packed_head_dim(o.head_dim));
  double query_square = 0, key_square = 0;
  const auto longest = [&](const std::vector<uint16_t>& rows) {
    double most = 0;
    for (size_t start = 0; start < rows.size(); start += width) {
      double square = 0;
      for (size_t c = 0; c < width; ++c) square += std::pow(cuda::element_at(rows.data(), o.element, start + c), 2);
      most = std::max(most, square);
    }
    return most;
  };
  query_square = longest(host.query);
  key_square = longest(host.key);
  return std::sqrt(query_square * key_square) * static_cast<double>(o.scale);  // Cauchy and Schwarz
}

inline void check_result(Checks& checks, const AttentionCase& options, const HostProblem& host,
                         const AttentionResult& result) {
  const size_t rows = static_cast<size_t>(options.batch) * options.heads * options.query_tokens;
  const size_t size = rows * options.head_dim;
  // The plain result in f32, and the weighted mean of |value|: errors of weights are relative to it.
  std::vector<float> plain(size), mean(size), log_sum_exp(rows);
  std::vector<uint16_t> magnitudes = host.value;
  for (uint16_t& bits : magnitudes) bits &= 0x7fff;
  cuda::AttentionProblem problem = host.problem;
  problem.output_element = Element::kF32;
  problem.row_scale = nullptr;
  problem.residual = nullptr;
  problem.output = plain.data();
  problem.log_sum_exp = log_sum_exp.data();
  cuda::attention_reference(problem);
  problem.output = mean.data();
  problem.log_sum_exp = nullptr;
  problem.operands.value = magnitudes.data();
  cuda::attention_reference(problem);

  // Sums in f32 may be truncated by the tensor cores, hence 2^-23 an addition.
  const double keys = options.key_tokens;
  const double logit = largest_logit_terms(host) * (options.head_dim + 4) * 0x1p-23 + 0x1p-20;
  const double weight = cuda::unit_roundoff(options.element) + 2 * logit + 2 * keys * 0x1p-23;
  // A weight below the normal numbers of f16; the row's largest is 2^7 or more.
  const double tiny = keys * cuda::subnormal_roundoff(options.element) * 5.0 * 0x1p-7;

  bool written = true, close = true, empty = true;
  double worst = 0;
  const int kept = options.query_tokens - options.skipped_queries;
  for (size_t i = 0; i < size; ++i) {
    const size_t head = i / options.head_dim % options.heads;
    const size_t token = i / options.head_dim / options.heads % options.query_tokens;
    const size_t batch = i / options.head_dim / options.heads / options.query_tokens;
    const size_t row = (batch * options.heads + head) * options.query_tokens + token;
    const double got = cuda::element_at(result.output.data(), options.output_element, static_cast<int64_t>(i));
    if (static_cast<int>(token) >= kept) {
      for (size_t byte = 0; byte < size_of(options.output_element); ++byte) {
        const size_t place = i * size_of(options.output_element) + byte;
        const uint8_t before = options.in_place ? host.residual[place] : kPoison;
        empty = empty && result.output[place] == before;
      }
      continue;
    }
    const double scale = options.row_scale ? host.row_scale[row] : 1.0;
    const double residual =
        host.residual.empty() ? 0.0
                              : cuda::element_at(host.residual.data(), options.output_element, static_cast<int64_t>(i));
    const double expected = static_cast<double>(plain[i]) * scale + residual;
    const double inner = (static_cast<double>(mean[i]) * weight + tiny) * std::abs(scale);
    const double bound = inner + 0x1p-22 * (std::abs(plain[i] * scale) + std::abs(residual)) +
                         cuda::unit_roundoff(options.output_element) * (std::abs(expected) + inner) +
                         cuda::subnormal_roundoff(options.output_element);
    if (std::isnan(got)) written = false;
    if (!(std::abs(got - expected) <= bound)) close = false;
    worst = std::max(worst, std::abs(got - expected) / bound);
  }
  checks.expect(written, options.name + ": every token is written");
  checks.expect(close, options.name + ": output within its error, worst " + std::to_string(worst) + " of it");
  checks.expect(empty, options.name + ": nothing else is written");
  if (!options.log_sum_exp) return;
  bool sums = true;
  for (size_t row = 0; row < rows; ++row) {
    if (static_cast<int>(row % options.query_tokens) >= kept) continue;
    const double expected = log_sum_exp[row], got = result.log_sum_exp[row];
    if (std::isinf(expected)) {
      sums = sums && got == expected;
    } else {
      sums = sums && std::abs(got - expected) <= 2 * logit + keys * 0x1p-23 + std::abs(expected) * 0x1p-21;
    }
  }
  checks.expect(sums, options.name + ": log-sum-exp");
}

inline void check_case(Checks& checks, const AttentionCase& options) {
  const HostProblem host = make_problem(options);
  check_result(checks, options, host, run_on_device(options, host));
}

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_ATTENTION_ATTENTION_CASE_H_
