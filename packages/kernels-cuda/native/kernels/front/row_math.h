// Norm and rotary embedding of one row, spread over a group of lanes as LaneMap says. f32 throughout.
#ifndef PAROATTN_CUDA_FRONT_ROW_MATH_H_
#define PAROATTN_CUDA_FRONT_ROW_MATH_H_

#include "common/device.h"
#include "front/channels.h"
#include "front/front.h"
#include "front/lane_map.h"

namespace paroattn {
namespace cuda {

// What happens to the rows of the queries, or of the keys. Uniform over the grid.
struct RowTransform {
  NormKind norm;
  float epsilon;
  const float* weight;  // [head_dim] or null
  const float* bias;    // [head_dim] or null
  Pairing pairing;
  const float* cosine;  // [tokens, head_dim / 2]
  const float* sine;
  float factor;  // of what is packed
};

// Every lane of the warp takes part; every lane of a group gets its sum.
template <int kGroup>
__device__ __forceinline__ float sum_of_group(float value) {
#pragma unroll
  for (int step = 1; step < kGroup; step *= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  return value;
}

// channels: the lane's, zeros in lanes without; `active` tells them apart.
template <int kHeadDim>
__device__ __forceinline__ void normalize(const RowTransform& transform, int lane, bool active, bool wide,
                                          float (&channels)[2][LaneMap<kHeadDim>::kWidth]) {
  using Map = LaneMap<kHeadDim>;
  constexpr float kShare = 1.0f / kHeadDim;
  float correction = 0.0f;
  if (transform.norm == NormKind::kLayer) {
    float sum = 0.0f;
#pragma unroll
    for (int c = 0; c < 2 * Map::kWidth; ++c) sum += channels[c / Map::kWidth][c % Map::kWidth];
    // The mean is rounded, which shows where it is many deviations from zero; the second pass finds by how much
    // (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
    const float center = sum_of_group<Map::kGroup>(sum) * kShare;
    float distances = 0.0f;
#pragma unroll
    for (int c = 0; c < 2 * Map::kWidth; ++c) {
      float& channel = channels[c / Map::kWidth][c % Map::kWidth];
      channel = active ? channel - center : 0.0f;
      distances += channel;
    }
    correction = sum_of_group<Map::kGroup>(distances) * kShare;
  }
  float squares = 0.0f;
#pragma unroll
  for (int c = 0; c < 2 * Map::kWidth; ++c) {
    const float channel = channels[c / Map::kWidth][c % Map::kWidth];
    squares = fmaf(channel, channel, squares);
  }
  const float square = sum_of_group<Map::kGroup>(squares) * kShare - correction * correction;
  const float factor = rsqrtf(square + transform.epsilon);
#pragma unroll
  for (int c = 0; c < 2 * Map::kWidth; ++c) {
    float& channel = channels[c / Map::kWidth][c % Map::kWidth];
    channel = (channel - correction) * factor;
  }
  if (!active) return;
#pragma unroll
  for (int chunk = 0; chunk < 2; ++chunk) {
    const int first = Map::first_channel(lane, chunk);
    float weight[Map::kWidth];
    float bias[Map::kWidth];
    load_or_fill(transform.weight, first, 1.0f, wide, weight);
    load_or_fill(transform.bias, first, 0.0f, wide, bias);
#pragma unroll
    for (int c = 0; c < Map::kWidth; ++c) channels[chunk][c] = fmaf(channels[chunk][c], weight[c], bias[c]);
  }
}

// (a, b) becomes (a cos - b sin, a sin + b cos).
__device__ __forceinline__ void rotate_pair(float cosine, float sine, float& a, float& b) {
  const float first = fmaf(-b, sine, a * cosine);
  b = fmaf(a, sine, b * cosine);
  a = first;
}

// Only lanes with channels call it.
template <int kHeadDim>
__device__ __forceinline__ void rotate(const RowTransform& transform, int64_t token, int lane, bool wide,
                                       float (&channels)[2][LaneMap<kHeadDim>::kWidth]) {
  using Map = LaneMap<kHeadDim>;
  const float* cosines = transform.cosine + token * Map::kHalf;
  const float* sines = transform.sine + token * Map::kHalf;
  if (transform.pairing == Pairing::kHalf) {
    float cosine[Map::kWidth];
    float sine[Map::kWidth];
    load_floats(cosines + Map::kWidth * lane, wide, cosine);
    load_floats(sines + Map::kWidth * lane, wide, sine);
#pragma unroll
    for (int c = 0; c < Map::kWidth; ++c) rotate_pair(cosine[c], sine[c], channels[0][c], channels[1][c]);
    return;
  }
#pragma unroll
  for (int chunk = 0; chunk < 2; ++chunk) {
    const int first = Map::first_channel(lane, chunk) / 2;
    float cosine[Map::kWidth / 2];
    float sine[Map::kWidth / 2];
    load_floats(cosines + first, wide, cosine);
    load_floats(sines + first, wide, sine);
#pragma unroll
    for (int pair = 0; pair < Map::kWidth / 2; ++pair) {
      rotate_pair(cosine[pair], sine[pair], channels[chunk][2 * pair], channels[chunk][2 * pair + 1]);
    }
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_ROW_MATH_H_
