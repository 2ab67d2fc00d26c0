// What each query row's logits are held against.
#ifndef PAROATTN_CUDA_STATISTICS_ROW_REFERENCES_H_
#define PAROATTN_CUDA_STATISTICS_ROW_REFERENCES_H_

#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "statistics/statistics.h"

namespace paroattn {
namespace cuda {

// log2 of the row's sum of exponentials, +infinity for padding: its entries are then 0, and small.
// The product with log2 e is rounded once, whatever its size: log2 e is taken as the sum of two floats.
__device__ __forceinline__ float row_reference(const float* log_sum_exp, int32_t token) {
  if (token < 0) return INFINITY;
  constexpr float kLog2EHigh = 1.44269502162933349609375f;
  constexpr float kLog2ELow = 1.92596299112661746887e-8f;
  const float total = log_sum_exp[token];
  const float product = total * kLog2EHigh;
  const float rest = fmaf(total, kLog2EHigh, -product);
  // rest is NaN where the product is infinite.
  return isinf(product) ? product : product + fmaf(total, kLog2ELow, rest);
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_STATISTICS_ROW_REFERENCES_H_
