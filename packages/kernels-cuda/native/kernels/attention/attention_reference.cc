// attention() in double precision: exact products of the packed elements, weights and sums unrounded, one rounding of
// the result.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "attention/attention.h"
#include "front/host_element.h"

namespace paroattn {
namespace cuda {
namespace {

// One query row of one head against the keys that are live for it.
struct Row {
  const AttentionProblem& problem;
  size_t batch, head, query_block, row;

  size_t panel() const {
    const PackedOperands& o = problem.operands;
    return batch * o.key_heads + static_cast<size_t>(key_head_of(static_cast<int>(head), o.heads, o.key_heads));
  }
  bool live(size_t key_block) const {
    if (problem.mask == nullptr) return true;
    const size_t batch_of_mask = problem.mask_batch == 1 ? 0 : batch;
    const size_t mask_row = (batch_of_mask * problem.operands.heads + head) * problem.operands.query_blocks + query_block;
    return problem.mask[mask_row * problem.mask_words + key_block / 32] >> key_block % 32 & 1u;
  }

  // The row's output [head_dim] before scale and residual; returns the log-sum-exp.
  double attend(std::vector<double>* output) const {
    const PackedOperands& o = problem.operands;
    const size_t width = static_cast<size_t>(packed_head_dim(o.head_dim));
    const size_t query = (((batch * o.heads + head) * o.query_blocks + query_block) * kBlock + row) * width;
    std::vector<double> logits;
    std::vector<size_t> places;
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t block = 0; block < static_cast<size_t>(o.key_blocks); ++block) {
      if (!live(block)) continue;
      const size_t place = panel() * o.key_blocks + block;
      for (size_t key = 0; key < static_cast<size_t>(o.key_counts[place]); ++key) {
        const size_t start = (place * kBlock + key) * width;
        double product = 0;
        for (size_t c = 0; c < width; ++c) {
          product += element_at(o.query, o.element, query + c) * element_at(o.key, o.element, start + c);
        }
        logits.push_back(product * static_cast<double>(o.scale));
        places.push_back(start);
        largest = std::max(largest, logits.back());
      }
    }
    output->assign(static_cast<size_t>(o.head_dim), 0.0);
    if (logits.empty()) return largest;
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double weight = std::exp(logits[i] - largest);
      sum += weight;
      for (size_t c = 0; c < output->size(); ++c) (*output)[c] += weight * element_at(o.value, o.element, places[i] + c);
    }
    for (double& value : *output) value /= sum;
    return largest + std::log(sum);
  }
};

}  // namespace

void attention_reference(const AttentionProblem& problem) {
  const PackedOperands& o = problem.operands;
  const size_t rows = static_cast<size_t>(o.query_blocks) * kBlock;
  std::vector<double> values;
  for (size_t batch = 0; batch < static_cast<size_t>(o.batch); ++batch) {
    for (size_t head = 0; head < static_cast<size_t>(o.heads); ++head) {
      const size_t order = o.order_choice == nullptr ? 0 : static_cast<size_t>(o.order_choice[head]);
      for (size_t row = 0; row < rows; ++row) {
        const int32_t token = o.query_rows[order * rows + row];
        if (token < 0) continue;
        const double log_sum_exp = Row{problem, batch, head, row / kBlock, row % kBlock}.attend(&values);
        const size_t batch_token = batch * o.query_tokens + static_cast<size_t>(token);
        const size_t head_token = (batch * o.heads + head) * o.query_tokens + static_cast<size_t>(token);
        const double scale = problem.row_scale == nullptr ? 1.0 : problem.row_scale[head_token];
        for (size_t c = 0; c < values.size(); ++c) {
          const size_t place = (batch_token * o.heads + head) * values.size() + c;
          double value = values[c] * scale;
          if (problem.residual != nullptr) value += element_at(problem.residual, problem.output_element, place);
          store_element(value, problem.output_element, place, problem.output);
        }
        if (problem.log_sum_exp != nullptr) problem.log_sum_exp[head_token] = static_cast<float>(log_sum_exp);
      }
    }
  }
}

}  // namespace cuda
}  // namespace paroattn
