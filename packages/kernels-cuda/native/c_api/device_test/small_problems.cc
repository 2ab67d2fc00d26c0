// Front, attention and block statistics on small awkward problems, on the device, against their references: what a GPU host
// runs first, and what compute-sanitizer watches (--small: the fewest shapes that still take every path).
// Usage: device_small_problems [--small] [--seed N]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "c_api/c_api.h"
#include "c_api/device_test/device_array.h"
#include "front/host_element.h"

using namespace paroattn;
using namespace paroattn::cuda;

namespace {

struct Case {
  int head_dim;
  Element element;
  int tokens;
  int batch;
  double density;  // of the block mask; 1: dense
};

std::string name_of(const Case& one) {
  char text[128];
  std::snprintf(text, sizeof(text), "d %d, %s, %d tokens, batch %d, density %g", one.head_dim,
                one.element == Element::kBF16 ? "bf16" : "f16", one.tokens, one.batch, one.density);
  return text;
}

constexpr int kHeads = 2;
constexpr float kSmall = 1e-3f;

int blocks_of(int tokens) { return (tokens + kBlock - 1) / kBlock; }

// Two orders: the sequence's own, and backwards.
std::vector<int32_t> make_rows(int tokens) {
  const int padded = blocks_of(tokens) * kBlock;
  std::vector<int32_t> rows(static_cast<size_t>(2) * padded, -1);
  for (int i = 0; i < tokens; ++i) {
    rows[i] = i;
    rows[padded + i] = tokens - 1 - i;
  }
  return rows;
}

// Random bits; the diagonal lives, so every row has a key.
std::vector<uint32_t> make_mask(int blocks, int words, double density, std::mt19937& random) {
  std::vector<uint32_t> mask(static_cast<size_t>(kHeads) * blocks * words, 0);
  std::bernoulli_distribution live(density);
  for (int head = 0; head < kHeads; ++head)
    for (int row = 0; row < blocks; ++row)
      for (int column = 0; column < blocks; ++column)
        if (column == row || live(random))
          mask[(static_cast<size_t>(head) * blocks + row) * words + column / 32] |= 1u << (column % 32);
  return mask;
}

struct Worst {
  double difference = 0;  // L2, relative to the whole
  double norm = 0;
  bool finite = true;

  void add(double found, double expected) {
    finite = finite && std::isfinite(found);
    difference += (found - expected) * (found - expected);
    norm += expected * expected;
  }
  double relative() const { return std::sqrt(difference / std::max(norm, 1e-300)); }
};

class Report {
 public:
  void expect(const char* what, double found, double limit) {
    if (found <= limit) return;  // a NaN is not
    std::printf("FAILED %s: %s: found %.3g, at most %.3g allowed\n", name_.c_str(), what, found, limit);
    ++failures_;
  }
  void begin(std::string name) {
    name_ = std::move(name);
    ++cases_;
  }
  int finish() const {
    std::printf("%d cases, %d failures\n", cases_, failures_);
    return failures_ == 0 ? 0 : 1;
  }
  void fail(const char* what) {
    std::printf("FAILED %s: %s\n", name_.c_str(), what);
    ++failures_;
  }

 private:
  std::string name_;
  int cases_ = 0, failures_ = 0;
};

// Everything that a case needs, with the device's and the host's copy of each.
struct Problem {
  Problem(const Case& one, std::mt19937& random)
      : settings(one),
        blocks(blocks_of(one.tokens)),
        width(packed_head_dim(one.head_dim)),
        inputs(random_inputs(random)),
        rows(make_rows(one.tokens)),
        choice({0, 1}),
        query(panel()),
        key(panel()),
        value(panel()),
        counts(std::vector<int32_t>(static_cast<size_t>(one.batch) * kHeads * blocks, -1)),
        output(std::vector<uint16_t>(token_count() * channels(), 0xffff)),
        sums(std::vector<float>(token_count() * kHeads, nan())),
        counter({0, 0}) {}

  std::vector<uint16_t> random_inputs(std::mt19937& random) const {
    std::normal_distribution<double> normal;
    std::vector<uint16_t> values(3 * token_count() * channels());
    for (size_t i = 0; i < values.size(); ++i)
      store_element(normal(random), settings.element, static_cast<int64_t>(i), values.data());
    return values;
  }
  std::vector<uint16_t> panel() const {
    return std::vector<uint16_t>(static_cast<size_t>(settings.batch) * kHeads * blocks * kBlock * width, 0xffff);
  }
  static float nan() { return std::numeric_limits<float>::quiet_NaN(); }
  size_t token_count() const { return static_cast<size_t>(settings.batch) * settings.tokens; }
  size_t channels() const { return static_cast<size_t>(kHeads) * settings.head_dim; }

  // With pointers to the device's copies or the host's.
  PackedOperands operands(bool on_device) {
    PackedOperands packed;
    packed.element = settings.element;
    packed.batch = settings.batch;
    packed.heads = packed.key_heads = kHeads;
    packed.head_dim = settings.head_dim;
    packed.query_tokens = packed.key_tokens = settings.tokens;
    packed.query_blocks = packed.key_blocks = blocks;
    packed.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(settings.head_dim)));
    packed.query = at(query, on_device);
    packed.key = at(key, on_device);
    packed.value = at(value, on_device);
    packed.key_counts = at(counts, on_device);
    packed.query_rows = at(rows, on_device);
    packed.order_choice = at(choice, on_device);
    return packed;
  }
  FrontProblem front_problem(bool on_device) {
    FrontProblem problem;
    problem.input_element = settings.element;
    uint16_t* first = at(inputs, on_device);
    Projection* projections[] = {&problem.query, &problem.key, &problem.value};
    for (int i = 0; i < 3; ++i) {
      projections[i]->data = first + i * token_count() * channels();
      projections[i]->token_stride = static_cast<int64_t>(channels());
      projections[i]->batch_stride = static_cast<int64_t>(channels()) * settings.tokens;
    }
    problem.key_value_heads = kHeads;
    problem.key_rows = at(rows, on_device);
    problem.packed = operands(on_device);
    return problem;
  }
  template <typename T>
  static T* at(DeviceArray<T>& array, bool on_device) {
    return on_device ? array.device() : array.host.data();
  }

  Case settings;
  int blocks, width;
  DeviceArray<uint16_t> inputs;
  DeviceArray<int32_t> rows, choice;
  DeviceArray<uint16_t> query, key, value;
  DeviceArray<int32_t> counts;
  DeviceArray<uint16_t> output;
  DeviceArray<float> sums;
  DeviceArray<uint32_t> counter;
};

// Without norm and rotation the front only moves, so its panels equal the reference's to the bit.
void check_front(Report& report, Problem& problem) {
  require(front(problem.front_problem(true), nullptr), "front");
  require(cudaDeviceSynchronize(), "front");
  DeviceArray<uint16_t>* panels[] = {&problem.query, &problem.key, &problem.value};
  std::vector<uint16_t> found[3];
  for (int i = 0; i < 3; ++i) {
    panels[i]->to_host();
    found[i] = panels[i]->host;
    std::fill(panels[i]->host.begin(), panels[i]->host.end(), uint16_t{0xffff});
  }
  problem.counts.to_host();
  const std::vector<int32_t> counts = problem.counts.host;
  front_reference(problem.front_problem(false));
  for (int i = 0; i < 3; ++i)
    if (found[i] != panels[i]->host) report.fail("a packed panel differs from the reference's");
  if (counts != problem.counts.host) report.fail("the counts of keys differ from the reference's");
}

void check_attention(Report& report, Problem& problem, std::mt19937& random) {
  const Case& settings = problem.settings;
  const int words = (problem.blocks + 127) / 128 * 4;
  const bool dense = settings.density >= 1;
  DeviceArray<uint32_t> mask(dense ? std::vector<uint32_t>{} : make_mask(problem.blocks, words, settings.density, random));
  std::vector<WorkItem> order;
  for (int head = 0; head < settings.batch * kHeads; ++head)
    for (int block = 0; block < problem.blocks; block += 2)
      order.push_back({static_cast<uint32_t>(head), static_cast<uint32_t>(block)});
  DeviceArray<WorkItem> items(order);

  AttentionProblem attend;
  attend.operands = problem.operands(true);
  attend.output_element = settings.element;
  attend.output = problem.output.device();
  attend.log_sum_exp = problem.sums.device();
  attend.counter = problem.counter.device();
  if (!dense) {
    attend.mask = mask.device();
    attend.mask_words = words;
    attend.items = items.device();
    attend.item_count = static_cast<int>(order.size());
  }
  require(attention(attend, nullptr), "attention");
  require(cudaDeviceSynchronize(), "attention");
  problem.output.to_host();
  problem.sums.to_host();
  problem.counter.to_host();
  if (problem.counter.host != std::vector<uint32_t>{0, 0}) report.fail("the work counter is not left at zero");

  std::vector<float> expected(problem.output.host.size()), expected_sums(problem.sums.host.size());
  attend.operands = problem.operands(false);
  attend.output_element = Element::kF32;
  attend.output = expected.data();
  attend.log_sum_exp = expected_sums.data();
  if (!dense) {
    attend.mask = mask.host.data();
    attend.items = items.host.data();
  }
  attention_reference(attend);

  Worst worst;
  for (size_t i = 0; i < expected.size(); ++i)
    worst.add(element_at(problem.output.host.data(), settings.element, static_cast<int64_t>(i)), expected[i]);
  if (!worst.finite) report.fail("an output is not finite");
  // The weights and the output are each rounded once; in the mean square that is about 0.6 unit roundoffs.
  report.expect("attention, relative error", worst.relative(), 2 * unit_roundoff(settings.element));
  double error = 0;
  for (size_t i = 0; i < expected_sums.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(problem.sums.host[i]) - expected_sums[i]);
    error = std::isfinite(difference) ? std::max(error, difference) : HUGE_VAL;
  }
  // Logits of order 10 in f32; the sum of weights may be of rounded ones, whose errors average out to far below a roundoff.
  report.expect("log-sum-exp, error", error, unit_roundoff(settings.element));
}

void check_statistics(Report& report, Problem& problem) {
  const size_t tiles = static_cast<size_t>(problem.settings.batch) * kHeads * problem.blocks * problem.blocks;
  DeviceArray<float> sum(std::vector<float>(tiles, Problem::nan()));
  DeviceArray<float> maximum(sum.host), small_count(sum.host);
  // The log-sum-exp of the reference, so that this checks the statistics alone.
  {
    AttentionProblem attend;
    std::vector<float> output(problem.output.host.size());
    attend.operands = problem.operands(false);
    attend.output_element = Element::kF32;
    attend.output = output.data();
    attend.log_sum_exp = problem.sums.host.data();
    attention_reference(attend);
    problem.sums.to_device();
  }
  StatisticsProblem statistics;
  statistics.operands = problem.operands(true);
  statistics.log_sum_exp = problem.sums.device();
  statistics.epsilon = kSmall;
  statistics.sum = sum.device();
  statistics.maximum = maximum.device();
  statistics.small_count = small_count.device();
  require(block_statistics(statistics, nullptr), "block_statistics");
  require(cudaDeviceSynchronize(), "block_statistics");
  sum.to_host();
  maximum.to_host();
  small_count.to_host();

  std::vector<float> expected_sum(tiles), expected_maximum(tiles), fewest(tiles), most(tiles);
  statistics.operands = problem.operands(false);
  statistics.log_sum_exp = problem.sums.host.data();
  statistics.sum = expected_sum.data();
  statistics.maximum = expected_maximum.data();
  // Entries next to the threshold may fall on either side.
  statistics.epsilon = kSmall * (1 - 1e-3f);
  statistics.small_count = fewest.data();
  block_statistics_reference(statistics);
  statistics.epsilon = kSmall * (1 + 1e-3f);
  statistics.small_count = most.data();
  block_statistics_reference(statistics);

  Worst sums, maxima;
  bool counted = true;
  for (size_t i = 0; i < tiles; ++i) {
    sums.add(sum.host[i], expected_sum[i]);
    maxima.add(maximum.host[i], expected_maximum[i]);
    counted = counted && fewest[i] <= small_count.host[i] && small_count.host[i] <= most[i];
  }
  // f32 logits of order 10: a few units of 2^-24 times 10 in the exponent.
  report.expect("sums of tiles, relative error", sums.relative(), 1e-4);
  report.expect("maxima of tiles, relative error", maxima.relative(), 1e-4);
  if (!counted) report.fail("a count of small entries is wrong");
}

std::vector<Case> cases_of(bool small) {
  if (small) {
    return {{64, Element::kBF16, 130, 1, 0.5}, {72, Element::kF16, 65, 1, 1.0}, {128, Element::kBF16, 130, 1, 0.5}};
  }
  std::vector<Case> cases;
  for (const int head_dim : {64, 72, 96, 128})
    for (const Element element : {Element::kBF16, Element::kF16})
      for (const int tokens : {1, 63, 64, 65, 129, 200, 513})
        for (const double density : {1.0, 0.4}) cases.push_back({head_dim, element, tokens, tokens == 200 ? 2 : 1, density});
  return cases;
}

int run(bool small, unsigned seed) {
  std::mt19937 random(seed);
  Report report;
  for (const Case& one : cases_of(small)) {
    report.begin(name_of(one));
    Problem problem(one, random);
    check_front(report, problem);
    check_attention(report, problem, random);
    check_statistics(report, problem);
  }
  return report.finish();
}

}  // namespace

int main(int count, char** arguments) {
  bool small = false;
  unsigned seed = 1;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--small") == 0) small = true;
    if (std::strcmp(arguments[i], "--seed") == 0 && i + 1 < count) seed = static_cast<unsigned>(std::atoi(arguments[++i]));
  }
  try {
    return run(small, seed);
  } catch (const std::exception& error) {
    std::printf("FAILED %s\n", error.what());
    return 1;
  }
}
