// The running softmax of a warp's 32 rows, in registers, in units of log2.
#ifndef PAROATTN_CUDA_ATTENTION_SOFTMAX_H_
#define PAROATTN_CUDA_ATTENTION_SOFTMAX_H_

#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// Weights are exp2(logit - reference). A row's reference follows its maximum lazily: it is set by the row's first tile
// and moves only when weights have become too large. That is seen from their sum, which is needed anyway; so a tile
// costs no maxima, no exchange between a row's lanes and no rescaling, except when a reference moves, and then the
// tile's weights are computed again.
//
// bf16 reaches as far as f32: weights may grow by 2^24 (the sums of 2^40 of them would still be numbers), and
// references hardly ever move. The largest f16 is just below 2^16, so weights are bounded by 2^15; and the reference is
// set 2^7 below the maximum, so that they stay normal numbers down to 2^-21 of the row's largest instead of 2^-14.
template <Element kElement>
struct WeightRange {
  static constexpr float kLift = kElement == Element::kF16 ? 7.0f : 0.0f;              // log2
  static constexpr float kLimit = kElement == Element::kF16 ? 32768.0f : 16777216.0f;  // of a lane's sum over a tile
};

// Indices are [16-row half of the warp's rows][row g or g + 8 of it], see fragments.h.
template <Element kElement>
struct Softmax {
  float reference[2][2];
  float sum[2][2];  // of this lane's columns only; of the weights before they are rounded

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        reference[m][r] = -INFINITY;
        sum[m][r] = 0.0f;
      }
    }
  }

  // Turns raw products of 32 rows and 8 * kKeyTiles keys into weights, packed as operand A of the second product: those
  // of its 16-key steps from `first` on. Each row has a product above -inf by its first tile.
  // log2_scale: of the logits, times log2(e).
  template <int kKeyTiles, int kTiles>
  __device__ __forceinline__ void weigh(const float (&products)[2][kKeyTiles][4], float log2_scale,
                                        float (&output)[2][kTiles][4], uint32_t (&weights)[2][4][4], int first) {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      float tile_sum[2];
      weigh_rows(products[m], log2_scale, weights[m], first, m, tile_sum);
      const bool within = tile_sum[0] <= WeightRange<kElement>::kLimit && tile_sum[1] <= WeightRange<kElement>::kLimit;
      if (!__all_sync(0xffffffffu, within)) {
        move_references(products[m], log2_scale, output[m], m);
        weigh_rows(products[m], log2_scale, weights[m], first, m, tile_sum);
      }
#pragma unroll
      for (int r = 0; r < 2; ++r) sum[m][r] += tile_sum[r];
    }
  }

  template <int kKeyTiles>
  __device__ __forceinline__ void weigh_rows(const float (&products)[kKeyTiles][4], float log2_scale,
                                             uint32_t (&weights)[4][4], int first, int m, float (&tile_sum)[2]) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float total = 0.0f;
#pragma unroll
      for (int n = 0; n < kKeyTiles; ++n) {
        const float a = ptx::exp2(fmaf(products[n][2 * r], log2_scale, -reference[m][r]));
        const float b = ptx::exp2(fmaf(products[n][2 * r + 1], log2_scale, -reference[m][r]));
        total += a + b;
        // Accumulators of two neighbouring 8-key tiles are operand A of their 16 keys: no exchange between lanes.
        weights[first + (n >> 1)][2 * (n & 1) + r] = pack2<kElement>(a, b);
      }
      tile_sum[r] = total;
    }
  }

  // Brings the references of 16 rows, where the maximum lies above them, up to it, and output and sum with them.
  template <int kKeyTiles, int kTiles>
  __device__ __forceinline__ void move_references(const float (&products)[kKeyTiles][4], float log2_scale,
                                                  float (&output)[kTiles][4], int m) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float largest = fmaxf(products[0][2 * r], products[0][2 * r + 1]);
#pragma unroll
      for (int n = 1; n < kKeyTiles; ++n) {
        largest = fmaxf(largest, fmaxf(products[n][2 * r], products[n][2 * r + 1]));
      }
      largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, 1));
      largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, 2));
      const float next = fmaxf(reference[m][r], largest * log2_scale - WeightRange<kElement>::kLift);
      const float factor = ptx::exp2(reference[m][r] - next);  // 0 the first time
      reference[m][r] = next;
      sum[m][r] *= factor;
#pragma unroll
      for (int n = 0; n < kTiles; ++n) {
        output[n][2 * r] *= factor;
        output[n][2 * r + 1] *= factor;
      }
    }
  }

  // Adds up the four lanes of each row; once, at the end.
  __device__ __forceinline__ void finish() {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        sum[m][r] += __shfl_xor_sync(0xffffffffu, sum[m][r], 1);
        sum[m][r] += __shfl_xor_sync(0xffffffffu, sum[m][r], 2);
      }
    }
  }
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_SOFTMAX_H_
