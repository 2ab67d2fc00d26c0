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

#include "c_api/device_test/problem.h"

using namespace paroattn;
using namespace paroattn::cuda;

namespace {

constexpr float kSmall = 1e-3f;

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
