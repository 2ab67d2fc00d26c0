// From a warp's accumulators to tokens of the output: normalise, scale, add the residual, scatter.
#ifndef PAROATTN_CUDA_ATTENTION_EPILOGUE_H_
#define PAROATTN_CUDA_ATTENTION_EPILOGUE_H_

#include <cmath>
#include <cstdint>

#include "attention/attention.h"
#include "attention/softmax.h"
#include "attention/tile.h"
#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// 32 rows of f32 for each warp, where queries and keys were. Groups of eight channels (32 bytes) are exchanged by bits
// of the row, so that the accumulators of four rows go to different banks.
template <int kPackedDim>
struct Staging {
  static constexpr int kRowBytes = 4 * kPackedDim;
  static constexpr int kBytes = 32 * kRowBytes;

  static constexpr uint32_t offset(int row, int group) {
    const int exchange = kPackedDim % 32 == 0 ? row & 3 : row >> 1 & 1;
    return static_cast<uint32_t>(row * kRowBytes + ((group ^ exchange) << 5));
  }
};

// Eight or four channels of the output.
template <Element kElement>
struct OutputUnit {
  static constexpr int kChannels = 16 / static_cast<int>(size_of(kElement));

  static __device__ __forceinline__ void load(float (&values)[kChannels], const void* from) {
    const uint4 raw = *static_cast<const uint4*>(from);
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if constexpr (kElement == Element::kF32) {
        values[i] = __uint_as_float(words[i]);
      } else {
        unpack2<kElement>(words[i], values[2 * i], values[2 * i + 1]);
      }
    }
  }

  static __device__ __forceinline__ void store(void* to, const float (&values)[kChannels]) {
    uint32_t words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if constexpr (kElement == Element::kF32) {
        words[i] = __float_as_uint(values[i]);
      } else {
        words[i] = pack2<kElement>(values[2 * i], values[2 * i + 1]);
      }
    }
    *static_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
  }
};

// Where the rows of a warp go.
struct OutputRows {
  const int32_t* tokens;  // of the warp's rows
  int64_t first_row;      // batch row * query_tokens: + token is a row of the output
  int64_t head_row;       // (batch row * heads + head) * query_tokens: + token is a row of row_scale and log_sum_exp
  int head;
};

template <Element kElement, int kHeadDim>
__device__ __forceinline__ void scatter(const AttentionProblem& problem, const OutputRows& rows, const char* staging,
                                        int lane) {
  using Unit = OutputUnit<kElement>;
  constexpr int kUnits = kHeadDim / Unit::kChannels;
#pragma unroll 1
  for (int i = lane; i < 32 * kUnits; i += 32) {
    const int row = i / kUnits;
    const int channel = i % kUnits * Unit::kChannels;
    const int token = rows.tokens[row];
    if (token < 0) continue;
    const char* const staged = staging + Staging<packed_head_dim(kHeadDim)>::offset(row, channel / 8) + channel % 8 * 4;
    float values[Unit::kChannels];
#pragma unroll
    for (int c = 0; c < Unit::kChannels; c += 4) {
      const float4 part = *reinterpret_cast<const float4*>(staged + 4 * c);
      values[c] = part.x;
      values[c + 1] = part.y;
      values[c + 2] = part.z;
      values[c + 3] = part.w;
    }
    const int64_t place = ((rows.first_row + token) * problem.operands.heads + rows.head) * kHeadDim + channel;
    const int64_t byte = place * static_cast<int64_t>(size_of(kElement));
    if (problem.row_scale != nullptr) {
      const float scale = problem.row_scale[rows.head_row + token];
#pragma unroll
      for (int c = 0; c < Unit::kChannels; ++c) values[c] *= scale;
    }
    if (problem.residual != nullptr) {
      float residual[Unit::kChannels];
      Unit::load(residual, static_cast<const char*>(problem.residual) + byte);
#pragma unroll
      for (int c = 0; c < Unit::kChannels; ++c) values[c] += residual[c];
    }
    Unit::store(static_cast<char*>(problem.output) + byte, values);
  }
}

// Normalises a warp's accumulators; from here on they take no registers. softmax: finished. staging: the warp's own,
// Staging::kBytes.
template <Element kElement, int kHeadDim>
__device__ __forceinline__ void stage_output(const float (&output)[2][kHeadDim / 8][4],
                                             const Softmax<kElement>& softmax, char* staging, int lane) {
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = 16 * m + (lane >> 2) + 8 * r;
      const float sum = softmax.sum[m][r];
      const float factor = sum == 0.0f ? 0.0f : __fdividef(1.0f, sum);  // 0: no live key
#pragma unroll
      for (int n = 0; n < kHeadDim / 8; ++n) {
        *reinterpret_cast<float2*>(staging + Staging<packed_head_dim(kHeadDim)>::offset(row, n) + 8 * (lane & 3)) =
            make_float2(output[m][n][2 * r] * factor, output[m][n][2 * r + 1] * factor);
      }
    }
  }
}

template <Element kElement>
__device__ __forceinline__ void write_log_sum_exp(const AttentionProblem& problem, const OutputRows& rows,
                                                  const Softmax<kElement>& softmax, int lane) {
  if ((lane & 3) != 0) return;  // four lanes share a row
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int token = rows.tokens[16 * m + (lane >> 2) + 8 * r];
      if (token < 0) continue;
      constexpr float kLn2 = 0.693147180559945309f;
      const float sum = softmax.sum[m][r];
      problem.log_sum_exp[rows.head_row + token] =
          sum == 0.0f ? -INFINITY : (softmax.reference[m][r] + log2f(sum)) * kLn2;
    }
  }
}

// Called by whole warps, each for its own rows.
template <int kHeadDim>
__device__ __forceinline__ void write_output(const AttentionProblem& problem, const OutputRows& rows,
                                             const char* staging, int lane) {
  __syncwarp();
  if (problem.output_element == Element::kF32) {
    scatter<Element::kF32, kHeadDim>(problem, rows, staging, lane);
  } else if (problem.output_element == Element::kF16) {
    scatter<Element::kF16, kHeadDim>(problem, rows, staging, lane);
  } else {
    scatter<Element::kBF16, kHeadDim>(problem, rows, staging, lane);
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_EPILOGUE_H_
