// Block statistics against their reference.
#include <algorithm>
#include <cmath>
#include <limits>

#include "statistics_case.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

constexpr int kHeadDims[] = {64, 72, 96, 128};
constexpr Element kElements[] = {Element::kF16, Element::kBF16};

// A lane adds 16 entries a row, then 4 rows, 32 lanes in 5 steps and 2 warps.
constexpr double kSumRoundings = (16 + 2 + 5 + 1) * 0x1p-24;
// exp2 flushes what lies below the normal numbers.
constexpr double kFlushed = 0x1p-126;

bool is_near(float found, float wanted, double relative, double absolute) {
  return std::fabs(static_cast<double>(found) - wanted) <= relative * std::fabs(wanted) + absolute;
}

void check_maps(Checks& checks, StatisticsCase& c, float epsilon, const std::string& what) {
  const std::string name = what + ", epsilon " + std::to_string(epsilon) + ", " + c.front.traits.name();
  const double error = c.entry_error();
  // The threshold is rounded in units of log2 e.
  const double around = error + 0x1p-24 * (epsilon > 0 ? std::fabs(std::log(epsilon)) + 1 : 0);
  const Maps found = c.run_kernel(epsilon);
  const Maps wanted = c.run_reference(epsilon);
  const Maps low = c.run_reference(static_cast<float>(epsilon * (1 - around)));
  const Maps high = c.run_reference(static_cast<float>(epsilon * (1 + around)));
  bool sums = true, maxima = true, counts = true;
  for (size_t tile = 0; tile < c.tiles; ++tile) {
    sums = sums && is_near(found.sum[tile], wanted.sum[tile], error + kSumRoundings, 4096 * kFlushed);
    maxima = maxima && is_near(found.maximum[tile], wanted.maximum[tile], error, kFlushed);
    counts = counts && found.small_count[tile] >= low.small_count[tile] && found.small_count[tile] <= high.small_count[tile];
  }
  checks.expect(sums, "sums of " + name);
  checks.expect(maxima, "maxima of " + name);
  checks.expect(counts, "small counts of " + name);
}

// The entries of a row add up to 1, so those of a block's tiles to its rows.
void check_rows(Checks& checks, StatisticsCase& c) {
  const Maps found = c.run_kernel(1e-3f);
  const Traits& traits = c.front.traits;
  const size_t key_blocks = static_cast<size_t>(c.front.key_blocks);
  const std::vector<uint32_t> starts = cut(traits.segments);
  // The log-sum-exp itself was rounded to f32.
  const double error = c.entry_error() + kSumRoundings + 0x1p-24 * c.largest_total();
  bool ok = true;
  for (size_t row = 0; row < c.tiles / key_blocks; ++row) {
    const size_t block = row % static_cast<size_t>(c.front.query_blocks);
    const double rows = starts[block + 1] - starts[block];
    double sum = 0.0;
    for (size_t k = 0; k < key_blocks; ++k) sum += found.sum[row * key_blocks + k];
    ok = ok && std::fabs(sum - rows) <= error * rows;
  }
  checks.expect(ok, "rows add up to 1 in " + traits.name());
}

void check_shapes(Checks& checks) {
  uint64_t seed = 0;
  for (const int head_dim : kHeadDims) {
    for (const Element element : kElements) {
      Traits traits;
      traits.head_dim = head_dim;
      traits.input = traits.packed = element;
      traits.batch = 2;
      traits.heads = 2;
      traits.key_value_heads = 1;
      traits.own_key_panels = element == Element::kBF16;
      traits.segments = {20, 81};
      traits.orders = Orders::kRandom;
      traits.key_lengths = {101, 50};
      StatisticsCase c(traits, ++seed);
      check_maps(checks, c, 0.01f, "kernels");
      check_rows(checks, c);
    }
  }
}

void check_lengths(Checks& checks) {
  for (const std::vector<uint32_t>& segments :
       {std::vector<uint32_t>{1}, {63}, {64}, {65}, {130}, {13, 117}, {64, 64}, {34, 1}, {192}}) {
    Traits traits;
    traits.heads = traits.key_value_heads = 1;
    traits.segments = segments;
    StatisticsCase c(traits, 100 + segments.size());
    check_maps(checks, c, 0.5f / static_cast<float>(c.front.key_tokens), "lengths");
    check_rows(checks, c);
  }
  Traits cross;
  cross.segments = {70};
  cross.key_segments = {190};
  StatisticsCase c(cross, 110);
  check_maps(checks, c, 1e-3f, "unequal lengths");
  check_rows(checks, c);
}

// More key blocks than one block of threads takes, most of them of a single key.
void check_runs(Checks& checks) {
  for (const size_t blocks : {64, 65, 129, 130}) {
    Traits traits;
    traits.heads = traits.key_value_heads = 1;
    traits.segments = {3};
    traits.key_segments = std::vector<uint32_t>(blocks - 1, 1);
    traits.key_segments.push_back(64);
    StatisticsCase c(traits, 200 + blocks);
    check_maps(checks, c, 0.5f / static_cast<float>(c.front.key_tokens), "runs");
    check_rows(checks, c);
  }
}

void check_thresholds(Checks& checks) {
  Traits traits;
  traits.heads = traits.key_value_heads = 1;
  traits.segments = {100};
  traits.key_lengths = {90};
  traits.deviation = 1.5;
  StatisticsCase c(traits, 300);
  for (const float epsilon : {0.0f, 1e-30f, 1e-6f, 1e-3f, 0.01f, 0.5f, 1.0f, 2.0f}) check_maps(checks, c, epsilon, "tails");
  const Maps none = c.run_kernel(0.0f), all = c.run_kernel(2.0f);
  const float entries[] = {64 * 64, 64 * 26, 36 * 64, 36 * 26};
  checks.expect(none.small_count == std::vector<float>(4, 0.0f), "nothing lies below 0");
  checks.expect(all.small_count == std::vector<float>(entries, entries + 4), "all valid entries lie below 2");
}

// Logits of hundreds: most entries vanish, some are 1.
void check_large_logits(Checks& checks) {
  for (const int head_dim : kHeadDims) {
    Traits traits;
    traits.head_dim = head_dim;
    traits.heads = traits.key_value_heads = 1;
    traits.segments = {90};
    StatisticsCase c(traits, 400, 4.0);
    check_maps(checks, c, 1e-3f, "large logits");
    check_rows(checks, c);
  }
  Traits traits;
  traits.segments = {90};
  StatisticsCase c(traits, 401, -0.2);
  check_maps(checks, c, 1e-3f, "a negative scale");
}

// The log-sum-exp is an input: entries may be anything.
void check_any_total(Checks& checks) {
  Traits traits;
  traits.segments = {70};
  StatisticsCase c(traits, 500);
  Random random(500);
  for (size_t i = 0; i < c.log_sum_exp->size(); ++i) c.log_sum_exp->host()[i] += static_cast<float>(random.normal());
  c.log_sum_exp->upload();
  check_maps(checks, c, 1e-2f, "another log-sum-exp");
}

// Without logits only the log-sum-exp is left to go wrong.
void check_totals_alone(Checks& checks) {
  Traits traits;
  traits.segments = {70};
  traits.deviation = 0.0;
  StatisticsCase c(traits, 510);
  Random random(510);
  for (size_t i = 0; i < c.log_sum_exp->size(); ++i) {
    c.log_sum_exp->host()[i] = static_cast<float>(40 * random.uniform() - 10);
  }
  c.log_sum_exp->upload();
  check_maps(checks, c, 1e-2f, "zero logits");
}

void check_not_numbers(Checks& checks) {
  Traits traits;
  traits.heads = traits.key_value_heads = 1;
  traits.segments = {100};
  StatisticsCase c(traits, 600);
  c.front.query->host()[3 * 64 + 5] = 0x7fc0;  // row 3 of the first block
  c.front.query->upload();
  const Maps found = c.run_kernel(1e-3f);
  checks.expect(std::isnan(found.sum[0]) && std::isnan(found.maximum[0]) && std::isnan(found.sum[1]), "NaN shows");
  checks.expect(!std::isnan(found.sum[2]) && !std::isnan(found.maximum[3]), "NaN keeps to its block");
}

void check_determinism(Checks& checks) {
  Traits traits;
  traits.heads = traits.key_value_heads = 2;
  traits.segments = {150};
  traits.orders = Orders::kRandom;
  StatisticsCase c(traits, 700);
  const Maps first = c.run_kernel(1e-3f);
  bool same = true;
  // The emulator lets threads run in another order at every launch.
  for (int run = 0; run < 4; ++run) same = same && c.run_kernel(1e-3f) == first;
  checks.expect(same, "the same bits whatever runs first");
}

void check_cancelled(Checks& checks) {
  Traits traits;
  traits.segments = {70};
  StatisticsCase c(traits, 800);
  int* flag = nullptr;
  must(cudaHostAlloc(reinterpret_cast<void**>(&flag), sizeof(int), cudaHostAllocMapped), "cudaHostAlloc");
  int* seen = nullptr;
  must(cudaHostGetDevicePointer(reinterpret_cast<void**>(&seen), flag, 0), "cudaHostGetDevicePointer");
  *flag = 0;
  checks.expect(c.run_kernel(1e-3f, seen) == c.run_kernel(1e-3f), "a flag that is not set changes nothing");
  *flag = 1;
  const Maps stopped = c.run_kernel(1e-3f, seen);
  checks.expect(std::all_of(stopped.sum.begin(), stopped.sum.end(), [](float v) { return std::isnan(v); }),
                "a set flag stops the work");
  must(cudaFreeHost(flag), "cudaFreeHost");
}

void check_refusals(Checks& checks) {
  StatisticsCase c(Traits{}, 900);
  const auto refuses = [&](const std::string& what, auto change) {
    cuda::StatisticsProblem problem = c.problem(true, 1e-3f);
    change(problem);
    checks.expect(cuda::block_statistics(problem, nullptr) == cudaErrorInvalidValue, "refuses " + what);
  };
  refuses("head dim 80", [](auto& p) { p.operands.head_dim = 80; });
  refuses("f32 panels", [](auto& p) { p.operands.element = Element::kF32; });
  refuses("heads that no group divides", [](auto& p) { p.operands.heads = 3; });
  refuses("no blocks", [](auto& p) { p.operands.key_blocks = 0; });
  refuses("more heads than a grid has", [](auto& p) { p.operands.batch = 65536; });
  refuses("a missing log-sum-exp", [](auto& p) { p.log_sum_exp = nullptr; });
  refuses("a missing output", [](auto& p) { p.small_count = nullptr; });
  refuses("NaN for epsilon", [](auto& p) { p.epsilon = std::numeric_limits<float>::quiet_NaN(); });
}

}  // namespace

int main() {
  Checks checks;
  check_shapes(checks);
  check_lengths(checks);
  check_runs(checks);
  check_thresholds(checks);
  check_large_logits(checks);
  check_any_total(checks);
  check_totals_alone(checks);
  check_not_numbers(checks);
  check_determinism(checks);
  check_cancelled(checks);
  check_refusals(checks);
  return checks.finish();
}
