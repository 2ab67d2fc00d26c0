// The running softmax of a warp's 32 rows, in registers, in units of log2.
#ifndef PAROATTN_CUDA_ATTENTION_SOFTMAX_H_
#define PAROATTN_CUDA_ATTENTION_SOFTMAX_H_

#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// Weights are exp2(logit - reference). The reference follows a row's maximum lazily: it moves only once some logit
// exceeds it by the trigger, which after the first few tiles hardly happens, so that the accumulators are seldom
// rescaled and the maximum over a row's four lanes is seldom needed.
//
// Moved, the reference lies kLift below the maximum. bf16 reaches as far as f32, and needs no lift. The largest f16 is
// just below 2^16: lifted by 2^7, weights stay normal numbers down to 2^-21 of the row's largest instead of 2^-14, and
// the trigger bounds them by 2^15.
template <Element kElement>
struct WeightRange {
  static constexpr float kLift = kElement == Element::kF16 ? 7.0f : 0.0f;
  static constexpr float kTrigger = kLift + 8.0f;
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
  // of its 16-key steps from `first` on. Each row has a product above -inf. log2_scale: of the logits, times log2(e).
  template <int kKeyTiles, int kTiles>
  __device__ __forceinline__ void weigh(const float (&products)[2][kKeyTiles][4], float log2_scale,
                                        float (&output)[2][kTiles][4], uint32_t (&weights)[2][4][4], int first) {
    float largest[2][2];
    bool move = false;
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        float value = fmaxf(products[m][0][2 * r], products[m][0][2 * r + 1]);
#pragma unroll
        for (int n = 1; n < kKeyTiles; ++n) {
          value = fmaxf(value, fmaxf(products[m][n][2 * r], products[m][n][2 * r + 1]));
        }
        largest[m][r] = value;
        move = move || fmaf(value, log2_scale, -reference[m][r]) > WeightRange<kElement>::kTrigger;
      }
    }
    if (__any_sync(0xffffffffu, move)) move_references(largest, log2_scale, output);
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
#pragma unroll
        for (int n = 0; n < kKeyTiles; ++n) {
          const float a = ptx::exp2(fmaf(products[m][n][2 * r], log2_scale, -reference[m][r]));
          const float b = ptx::exp2(fmaf(products[m][n][2 * r + 1], log2_scale, -reference[m][r]));
          sum[m][r] += a + b;
          // Accumulators of two neighbouring 8-key tiles are operand A of their 16 keys: no exchange between lanes.
          weights[m][first + (n >> 1)][2 * (n & 1) + r] = pack2<kElement>(a, b);
        }
      }
    }
  }

  // Brings the references of all rows whose maximum lies above them up to it, and output and sum with them.
  template <int kTiles>
  __device__ __forceinline__ void move_references(const float (&largest)[2][2], float log2_scale,
                                                  float (&output)[2][kTiles][4]) {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        float value = largest[m][r];
        value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 1));
        value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 2));
        const float next = fmaxf(reference[m][r], value * log2_scale - WeightRange<kElement>::kLift);
        const float factor = ptx::exp2(reference[m][r] - next);  // 0 the first time
        reference[m][r] = next;
        sum[m][r] *= factor;
#pragma unroll
        for (int n = 0; n < kTiles; ++n) {
          output[m][n][2 * r] *= factor;
          output[m][n][2 * r + 1] *= factor;
        }
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
