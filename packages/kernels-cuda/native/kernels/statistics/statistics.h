// Sum, maximum and small-entry count of every 64x64 tile of the softmax map, streamed: nothing of size tokens^2 is stored.
#ifndef PAROATTN_CUDA_STATISTICS_STATISTICS_H_
#define PAROATTN_CUDA_STATISTICS_STATISTICS_H_

#include "attention/packed.h"
#include "common/device.h"

namespace paroattn {
namespace cuda {

struct StatisticsProblem {
  PackedOperands operands;
  const float* log_sum_exp = nullptr;  // [batch, heads, query_tokens], sequence order, natural log, of the dense map
  float epsilon = 1e-3f;               // entries below are small
  // Outputs, [batch, heads, query_blocks, key_blocks]. Only valid entries count; a tile without any is 0 in all three.
  float* sum = nullptr;
  float* maximum = nullptr;
  float* small_count = nullptr;
  const int* cancelled = nullptr;  // mapped host memory, may be null
};

// Enqueues the kernel. Deterministic: two runs agree to the bit.
cudaError_t block_statistics(const StatisticsProblem& problem, cudaStream_t stream);

// The same in double precision on host pointers.
void block_statistics_reference(const StatisticsProblem& problem);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_STATISTICS_STATISTICS_H_
