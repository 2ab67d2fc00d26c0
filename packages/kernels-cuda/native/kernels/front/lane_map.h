// Which channels of a row a lane holds.
//
// A group of lanes holds a row; lane u of it has the channels [w u, w u + w) and [d / 2 + w u, d / 2 + w u + w). So both
// pairings find their partner inside the lane: (2i, 2i + 1) in one of its chunks, (i, i + d / 2) across the two. The
// chunks are 8 channels, 16 bytes of a packed row, except at head dim 72, whose half is not a multiple of 8.
#ifndef PAROATTN_CUDA_FRONT_LANE_MAP_H_
#define PAROATTN_CUDA_FRONT_LANE_MAP_H_

#include "attention/packed.h"

namespace paroattn {
namespace cuda {

template <int kHeadDim>
struct LaneMap {
  static constexpr int kHalf = kHeadDim / 2;
  static constexpr int kWidth = kHalf % 8 == 0 ? 8 : 4;  // w, channels of a chunk
  static constexpr int kLanes = kHalf / kWidth;          // lanes that hold channels
  static constexpr int kGroup = kLanes <= 4 ? 4 : kLanes <= 8 ? 8 : 16;
  static constexpr int kPackedDim = packed_head_dim(kHeadDim);
  static constexpr int kPadChunks = (kPackedDim - kHeadDim) / kWidth;  // each written by a lane behind those with channels
  static constexpr int kThreads = kGroup == 16 ? 256 : 128;
  static constexpr int kRowsPerPass = kThreads / kGroup;

  static_assert(kLanes * kWidth == kHalf, "every channel has one lane");
  static_assert(kLanes + kPadChunks <= kGroup, "the padding has its lanes");
  static_assert(kBlock % kRowsPerPass == 0, "whole passes");

  static constexpr int first_channel(int lane, int chunk) { return chunk * kHalf + kWidth * lane; }
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_LANE_MAP_H_
