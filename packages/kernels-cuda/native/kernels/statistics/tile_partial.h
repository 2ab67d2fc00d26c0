// What a lane, and then a warp, knows of a tile.
#ifndef PAROATTN_CUDA_STATISTICS_TILE_PARTIAL_H_
#define PAROATTN_CUDA_STATISTICS_TILE_PARTIAL_H_

#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// Entries of the map are exp2(t); their maximum and the comparison with epsilon are done on t.
struct TilePartial {
  float sum;
  float maximum;   // of t
  uint32_t large;  // entries that are not below epsilon
};

// A lane's part of a tile. The sums of different rows are kept apart, which also keeps their additions independent.
struct LanePartial {
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  float maximum[2] = {-INFINITY, -INFINITY};
  float large = 0.0f;  // a count; as a float because a comparison into a float and its addition are one instruction each

  // NaN is not below epsilon.
  __device__ __forceinline__ void add(int row, float t, float log2_epsilon) {
    sum[row] += ptx::exp2(t);
    maximum[row / 2] = fmaxf(maximum[row / 2], t);
    large += t < log2_epsilon ? 0.0f : 1.0f;
  }
};

// Order of floats as order of integers; there is no NaN among them.
__device__ __forceinline__ int ordered(float value) {
  const int bits = __float_as_int(value);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
__device__ __forceinline__ float from_ordered(int bits) { return __int_as_float(bits ^ ((bits >> 31) & 0x7fffffff)); }

// The same for every lane of the warp, and always added up in the same order.
__device__ __forceinline__ TilePartial reduce_warp(const LanePartial& lane) {
  constexpr uint32_t kAll = 0xffffffffu;
  TilePartial tile;
  tile.sum = (lane.sum[0] + lane.sum[1]) + (lane.sum[2] + lane.sum[3]);
#pragma unroll
  for (int step = 1; step < 32; step *= 2) tile.sum += __shfl_xor_sync(kAll, tile.sum, step);
  const float maximum = fmaxf(lane.maximum[0], lane.maximum[1]);
  tile.maximum = from_ordered(__reduce_max_sync(kAll, ordered(maximum)));
  tile.large = __reduce_add_sync(kAll, static_cast<uint32_t>(lane.large));
  return tile;
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_STATISTICS_TILE_PARTIAL_H_
