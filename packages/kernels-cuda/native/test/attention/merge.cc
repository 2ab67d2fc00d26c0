// Partial attentions over disjoint blocks merge into the whole through their log-sum-exps.
#include <cmath>
#include <vector>

#include "attention_case.h"

using namespace paroattn;
using namespace paroattn::test;

namespace {

void check_merge(Checks& checks, Element element) {
  AttentionCase whole;
  whole.name = "whole";
  whole.element = element;
  whole.query_tokens = whole.key_tokens = 330;
  whole.heads = whole.key_heads = 2;
  AttentionCase even = whole, odd = whole;
  even.name = "even";
  odd.name = "odd";
  even.live = [](int, int h, int q, int k) { return (h + q / 2 + k) % 2 == 0; };
  odd.live = [&](int b, int h, int q, int k) { return !even.live(b, h, q, k); };
  const HostProblem problem = make_problem(whole);
  const AttentionResult all = run_on_device(whole, problem);
  const AttentionResult first = run_on_device(even, make_problem(even));
  const AttentionResult second = run_on_device(odd, make_problem(odd));

  // Each of the three is off by its weights' roundings, relative to a mean of |value| <= the largest value.
  double largest = 0;
  for (size_t i = 0; i < problem.value.size(); ++i) {
    largest = std::max(largest, std::abs(cuda::element_at(problem.value.data(), element, static_cast<int64_t>(i))));
  }
  const double logit = largest_logit_terms(problem) * 68 * 0x1p-23 + 0x1p-20;
  const double bound = 2 * largest * (cuda::unit_roundoff(element) + 4 * logit + 4 * 330 * 0x1p-23);
  bool merged = true, sums = true;
  for (size_t token = 0; token < 330; ++token) {
    for (size_t head = 0; head < 2; ++head) {
      const size_t row = head * 330 + token;
      const double a = first.log_sum_exp[row], b = second.log_sum_exp[row];
      const double total = std::max(a, b) + std::log(std::exp(a - std::max(a, b)) + std::exp(b - std::max(a, b)));
      sums = sums && std::abs(total - all.log_sum_exp[row]) <= 4 * logit + 330 * 0x1p-22 + std::abs(total) * 0x1p-20;
      for (size_t c = 0; c < 64; ++c) {
        const int64_t place = static_cast<int64_t>((token * 2 + head) * 64 + c);
        const double value = std::exp(a - total) * cuda::element_at(first.output.data(), Element::kF32, place) +
                             std::exp(b - total) * cuda::element_at(second.output.data(), Element::kF32, place);
        merged = merged && std::abs(value - cuda::element_at(all.output.data(), Element::kF32, place)) <= bound;
      }
    }
  }
  checks.expect(sums, "log-sum-exps merge");
  checks.expect(merged, "outputs merge");
}

}  // namespace

int main() {
  Checks checks;
  check_merge(checks, Element::kBF16);
  check_merge(checks, Element::kF16);
  return checks.finish();
}
