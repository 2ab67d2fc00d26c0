// A problem of the block statistics with its memory: operands as the front's reference packs them, and the exact
// log-sum-exp of the whole map.
#ifndef PAROATTN_TEST_STATISTICS_STATISTICS_CASE_H_
#define PAROATTN_TEST_STATISTICS_STATISTICS_CASE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "front/checks.h"
#include "front/device_array.h"
#include "front/front_case.h"
#include "statistics/statistics.h"

namespace paroattn {
namespace test {

struct Maps {
  std::vector<float> sum, maximum, small_count;
};

inline bool operator==(const Maps& a, const Maps& b) {
  return a.sum == b.sum && a.maximum == b.maximum && a.small_count == b.small_count;
}

class StatisticsCase {
 public:
  StatisticsCase(const Traits& traits, uint64_t seed, double scale = 0.0) : front(traits, seed) {
    cuda::front_reference(front.problem(false));
    for (auto* panels : {front.query.get(), front.key.get(), front.value.get()}) panels->upload();
    front.key_counts->upload();
    scale_ = static_cast<float>(scale == 0.0 ? 1.0 / std::sqrt(traits.head_dim) : scale);
    find_norms();
    find_log_sum_exp();
    tiles = static_cast<size_t>(traits.batch) * traits.heads * front.query_blocks * front.key_blocks;
    outputs_ = std::make_unique<DeviceArray<float>>(3 * tiles);
  }

  // Pointers to the device, or to the host.
  cuda::StatisticsProblem problem(bool on_device, float epsilon) {
    cuda::StatisticsProblem p;
    p.operands = front.problem(on_device).packed;
    p.operands.scale = scale_;
    p.log_sum_exp = on_device ? log_sum_exp->device() : log_sum_exp->host();
    p.epsilon = epsilon;
    p.sum = on_device ? outputs_->device() : outputs_->host();
    p.maximum = p.sum + tiles;
    p.small_count = p.maximum + tiles;
    return p;
  }

  Maps run_kernel(float epsilon, const int* cancelled = nullptr) {
    outputs_->poison();
    cuda::StatisticsProblem p = problem(true, epsilon);
    p.cancelled = cancelled;
    must(cuda::block_statistics(p, nullptr), "block_statistics");
    must(cudaDeviceSynchronize(), "block_statistics");
    outputs_->download();
    return maps();
  }

  Maps run_reference(float epsilon) {
    outputs_->poison();
    cuda::block_statistics_reference(problem(false, epsilon));
    return maps();
  }

  // Relative error of an entry of the map. A logit is an f32 sum of d products of a bf16 or f16 query and key, exact by
  // themselves; each addition may round as badly as by truncation (2 u). The scale and the log-sum-exp are rounded in
  // units of log2 e, their difference once more, and exp2 is good to 2^-22.
  double entry_error() const {
    const double u = 0x1p-24, logit = std::fabs(scale_) * longest_query_ * longest_key_;
    // In natural units: the sum; the scale; the log-sum-exp; the difference.
    const double absolute = u * (2.0 * front.packed_dim() * logit + logit + largest_total() + (logit + largest_total()));
    return std::expm1(absolute) + 0x1p-22;
  }

  double largest_total() const {
    double most = 0.0;
    for (size_t i = 0; i < log_sum_exp->size(); ++i) most = std::max(most, std::fabs(double{log_sum_exp->host()[i]}));
    return most;
  }

  FrontCase front;
  std::unique_ptr<DeviceArray<float>> log_sum_exp;
  size_t tiles;

 private:
  Maps maps() const {
    float* first = outputs_->host();
    return {{first, first + tiles}, {first + tiles, first + 2 * tiles}, {first + 2 * tiles, first + 3 * tiles}};
  }

  double element(DeviceArray<uint16_t>& panels, size_t row, int channel) {
    return cuda::element_at(panels.host(), front.traits.packed, static_cast<int64_t>(row) * front.packed_dim() + channel);
  }

  double longest(DeviceArray<uint16_t>& panels) {
    double most = 0.0;
    for (size_t row = 0; row < panels.size() / front.packed_dim(); ++row) {
      double squares = 0.0;
      for (int c = 0; c < front.packed_dim(); ++c) squares += std::pow(element(panels, row, c), 2);
      most = std::max(most, squares);
    }
    return std::sqrt(most);
  }

  void find_norms() {
    longest_query_ = longest(*front.query);
    longest_key_ = longest(*front.key);
  }

  void find_log_sum_exp() {
    const Traits& traits = front.traits;
    const cuda::PackedOperands packed = front.problem(false).packed;
    std::vector<float> totals(static_cast<size_t>(traits.batch) * traits.heads * front.query_tokens);
    for (int panel = 0; panel < traits.batch * traits.heads; ++panel) {
      const int head = panel % traits.heads;
      const int key_panel =
          panel / traits.heads * front.key_heads + cuda::key_head_of(head, traits.heads, front.key_heads);
      const int order = packed.order_choice == nullptr ? 0 : packed.order_choice[head];
      for (int q = 0; q < front.query_blocks * kBlock; ++q) {
        const int32_t token = packed.query_rows[order * front.query_blocks * kBlock + q];
        if (token < 0) continue;
        std::vector<double> logits;
        for (int k = 0; k < front.key_blocks * kBlock; ++k) {
          if (k % kBlock >= packed.key_counts[key_panel * front.key_blocks + k / kBlock]) continue;
          double product = 0.0;
          for (int c = 0; c < traits.head_dim; ++c) {
            product += element(*front.query, static_cast<size_t>(panel) * front.query_blocks * kBlock + q, c) *
                       element(*front.key, static_cast<size_t>(key_panel) * front.key_blocks * kBlock + k, c);
          }
          logits.push_back(scale_ * product);
        }
        const double most = *std::max_element(logits.begin(), logits.end());
        double sum = 0.0;
        for (const double logit : logits) sum += std::exp(logit - most);
        totals[static_cast<size_t>(panel) * front.query_tokens + token] = static_cast<float>(most + std::log(sum));
      }
    }
    log_sum_exp = std::make_unique<DeviceArray<float>>(totals);
  }

  float scale_;
  double longest_query_, longest_key_;
  std::unique_ptr<DeviceArray<float>> outputs_;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_STATISTICS_STATISTICS_CASE_H_
