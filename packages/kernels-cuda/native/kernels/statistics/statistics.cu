#include "statistics/statistics.h"

#include <cmath>
#include <cstdint>

#include "statistics/statistics_v1.h"
#include "statistics/tile_shape.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr int64_t kGridLimit = 65535;  // of the grid's second and third dimension
constexpr double kLog2E = 1.4426950408889634;

bool is_valid(const StatisticsProblem& problem) {
  const PackedOperands& operands = problem.operands;
  const bool sizes = packed_head_dim(operands.head_dim) != 0 && operands.batch > 0 && operands.heads > 0 &&
                     operands.key_heads > 0 && operands.heads % operands.key_heads == 0 && operands.query_tokens > 0 &&
                     operands.query_blocks > 0 && operands.key_blocks > 0;
  const bool elements = operands.element == Element::kF16 || operands.element == Element::kBF16;
  const bool inputs = operands.query != nullptr && operands.key != nullptr && operands.key_counts != nullptr &&
                      operands.query_rows != nullptr && problem.log_sum_exp != nullptr && !std::isnan(problem.epsilon);
  const bool outputs = problem.sum != nullptr && problem.maximum != nullptr && problem.small_count != nullptr;
  return sizes && elements && inputs && outputs &&
         static_cast<int64_t>(operands.batch) * operands.heads <= kGridLimit;
}

constexpr int ceiling(int count, int of) { return (count + of - 1) / of; }

template <int kHeadDim, Element kElement>
cudaError_t start(const StatisticsProblem& problem, cudaStream_t stream) {
  const PackedOperands& operands = problem.operands;
  StatisticsArguments arguments;
  arguments.problem = problem;
  arguments.scale = static_cast<float>(operands.scale * kLog2E);
  arguments.log2_epsilon = problem.epsilon > 0.0f ? static_cast<float>(std::log2(static_cast<double>(problem.epsilon)))
                                                  : -INFINITY;
  // Runs of keys of equal length.
  const int runs = ceiling(operands.key_blocks, kMostKeyBlocks);
  arguments.chunk = ceiling(operands.key_blocks, runs);
  const dim3 grid(ceiling(operands.query_blocks, kQueryBlocks), ceiling(operands.key_blocks, arguments.chunk),
                  operands.batch * operands.heads);
  return launch(statistics_v1<kHeadDim, kElement>,
                LaunchShape{grid, dim3(kStatisticsThreads), KeyImage<kHeadDim>::kSharedBytes}, stream, arguments);
}

template <int kHeadDim>
cudaError_t start_element(const StatisticsProblem& problem, cudaStream_t stream) {
  return problem.operands.element == Element::kF16 ? start<kHeadDim, Element::kF16>(problem, stream)
                                                   : start<kHeadDim, Element::kBF16>(problem, stream);
}

}  // namespace

cudaError_t block_statistics(const StatisticsProblem& problem, cudaStream_t stream) {
  if (!is_valid(problem)) return cudaErrorInvalidValue;
  switch (problem.operands.head_dim) {
    case 64: return start_element<64>(problem, stream);
    case 72: return start_element<72>(problem, stream);
    case 96: return start_element<96>(problem, stream);
    case 128: return start_element<128>(problem, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace cuda
}  // namespace paroattn
