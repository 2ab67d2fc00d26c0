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

// Blocks of one head, [blocks, 64, packed_head_dim].
std::vector<double> panel_of(const PackedOperands& operands, const void* data, size_t panel, int blocks) {
  const size_t size = static_cast<size_t>(blocks) * kBlock * packed_head_dim(operands.head_dim);
  std::vector<double> values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = element_at(data, operands.element, static_cast<int64_t>(panel * size + i));
  return values;
}

// Queries, keys and values of one head, and which blocks of them meet.
class Head {
 public:
  Head(const AttentionProblem& problem, size_t batch, size_t head)
      : problem_(problem),
        width_(static_cast<size_t>(packed_head_dim(problem.operands.head_dim))),
        batch_(batch),
        head_(head),
        key_panel_(batch * problem.operands.key_heads +
                   static_cast<size_t>(
                       key_head_of(static_cast<int>(head), problem.operands.heads, problem.operands.key_heads))),
        query_(panel_of(problem.operands, problem.operands.query, batch * problem.operands.heads + head,
                        problem.operands.query_blocks)),
        key_(panel_of(problem.operands, problem.operands.key, key_panel_, problem.operands.key_blocks)),
        value_(panel_of(problem.operands, problem.operands.value, key_panel_, problem.operands.key_blocks)) {}

  // The output [head_dim] of a packed query row, before scale and residual; returns the log-sum-exp.
  double attend(size_t row, std::vector<double>* output) const {
    const PackedOperands& operands = problem_.operands;
    std::vector<double> logits;
    std::vector<size_t> keys;
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t block = 0; block < static_cast<size_t>(operands.key_blocks); ++block) {
      if (!live(row / kBlock, block)) continue;
      const size_t count = static_cast<size_t>(operands.key_counts[key_panel_ * operands.key_blocks + block]);
      for (size_t key = block * kBlock; key < block * kBlock + count; ++key) {
        double product = 0;
        for (size_t c = 0; c < width_; ++c) product += query_[row * width_ + c] * key_[key * width_ + c];
        logits.push_back(product * static_cast<double>(operands.scale));
        keys.push_back(key);
        largest = std::max(largest, logits.back());
      }
    }
    output->assign(static_cast<size_t>(operands.head_dim), 0.0);
    if (logits.empty()) return largest;
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double weight = std::exp(logits[i] - largest);
      sum += weight;
      for (size_t c = 0; c < output->size(); ++c) (*output)[c] += weight * value_[keys[i] * width_ + c];
    }
    for (double& value : *output) value /= sum;
    return largest + std::log(sum);
  }

 private:
  bool live(size_t query_block, size_t key_block) const {
    if (problem_.mask == nullptr) return true;
    const size_t batch = problem_.mask_batch == 1 ? 0 : batch_;
    const size_t row = (batch * problem_.operands.heads + head_) * problem_.operands.query_blocks + query_block;
    return problem_.mask[row * problem_.mask_words + key_block / 32] >> key_block % 32 & 1u;
  }

  const AttentionProblem& problem_;
  size_t width_, batch_, head_, key_panel_;
  std::vector<double> query_, key_, value_;
};

}  // namespace

void attention_reference(const AttentionProblem& problem) {
  const PackedOperands& o = problem.operands;
  const size_t rows = static_cast<size_t>(o.query_blocks) * kBlock;
  std::vector<double> values;
  for (size_t batch = 0; batch < static_cast<size_t>(o.batch); ++batch) {
    for (size_t head = 0; head < static_cast<size_t>(o.heads); ++head) {
      const size_t order = o.order_choice == nullptr ? 0 : static_cast<size_t>(o.order_choice[head]);
      const Head operands(problem, batch, head);
      for (size_t row = 0; row < rows; ++row) {
        const int32_t token = o.query_rows[order * rows + row];
        if (token < 0) continue;
        const double log_sum_exp = operands.attend(row, &values);
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
