// Version 1: one block of threads packs one block of 64 tokens of one head, queries, then keys, then values.
//
// It gathers on read: a row of a head is one run of 128 bytes or more wherever its token stands, so that an order only
// changes addresses. Writes are contiguous. The sum of a norm needs a few shuffles inside the lanes of a row, nothing
// goes through shared memory but the table of rows. The three follow one another in one block because queries and keys
// of self-attention read the same rows of the rotary tables, which are then still in the first cache: apart they would
// read 8 bytes of tables from the second for every 4 bytes of queries and keys.
#ifndef PAROATTN_CUDA_FRONT_FRONT_V1_H_
#define PAROATTN_CUDA_FRONT_FRONT_V1_H_

#include <cstdint>

#include "common/number.h"
#include "front/channels.h"
#include "front/front.h"
#include "front/lane_map.h"
#include "front/row_math.h"

namespace paroattn {
namespace cuda {

// Rows that a lane has in flight at once.
constexpr int kRowsInFlight = 2;

// The order of a panel of keys: that of the first of the heads that share it.
__device__ __forceinline__ int order_of_panel(const PackedOperands& packed, int key_head) {
  return packed.order_choice == nullptr ? 0 : packed.order_choice[key_head * (packed.heads / packed.key_heads)];
}

// One warp: the tokens of a block's rows, the valid ones first and otherwise in their order, -1 behind them.
// Returns their count to every lane.
__device__ __forceinline__ int compact_keys(const int32_t* rows, int32_t length, int32_t (&tokens)[kBlock]) {
  const int lane = threadIdx.x % 32;
  const int32_t low = rows[lane];
  const int32_t high = rows[32 + lane];
  const bool low_valid = low >= 0 && low < length;
  const bool high_valid = high >= 0 && high < length;
  const uint32_t low_mask = __ballot_sync(0xffffffffu, low_valid);
  const uint32_t high_mask = __ballot_sync(0xffffffffu, high_valid);
  const uint32_t before = (1u << lane) - 1u;
  const int low_count = __popc(low_mask);
  const int count = low_count + __popc(high_mask);
  const int low_before = __popc(low_mask & before);
  const int high_before = low_count + __popc(high_mask & before);
  tokens[low_valid ? low_before : count + lane - low_before] = low_valid ? low : -1;
  tokens[high_valid ? high_before : count + 32 + lane - high_before] = high_valid ? high : -1;
  return count;
}

// Writes the lane's part of a packed row, channels and padding.
template <int kHeadDim>
__device__ __forceinline__ void store_row(const Words<LaneMap<kHeadDim>::kWidth / 2> (&chunks)[2], int lane,
                                          uint16_t* row) {
  using Map = LaneMap<kHeadDim>;
  if (lane < Map::kLanes) {
#pragma unroll
    for (int chunk = 0; chunk < 2; ++chunk) store_words(chunks[chunk], row + Map::first_channel(lane, chunk));
  } else if (lane < Map::kLanes + Map::kPadChunks) {
    store_words(Words<Map::kWidth / 2>{}, row + kHeadDim + Map::kWidth * (lane - Map::kLanes));
  }
}

// source: the head's rows of one batch row; target: [64][packed_head_dim].
template <int kHeadDim, Element kInput, Element kPacked>
__device__ __forceinline__ void copy_rows(const Number<kInput>* source, int64_t token_stride,
                                          const int32_t (&tokens)[kBlock], bool wide, uint16_t* target) {
  using Map = LaneMap<kHeadDim>;
  using Chunk = Words<Map::kWidth / 2>;
  const int lane = threadIdx.x % Map::kGroup;
  const bool active = lane < Map::kLanes;
  for (int first = threadIdx.x / Map::kGroup; first < kBlock; first += kRowsInFlight * Map::kRowsPerPass) {
    Chunk chunks[kRowsInFlight][2] = {};
#pragma unroll
    for (int r = 0; r < kRowsInFlight; ++r) {
      const int32_t token = tokens[first + r * Map::kRowsPerPass];
      if (!active || token < 0) continue;
      const auto* row = source + token * token_stride;
#pragma unroll
      for (int chunk = 0; chunk < 2; ++chunk) {
        const auto* channels = row + Map::first_channel(lane, chunk);
        if constexpr (kInput == kPacked) {
          chunks[r][chunk] = load_words<Map::kWidth>(channels, wide);
        } else {
          float values[Map::kWidth];
          load_channels<kInput>(channels, wide, values);
          chunks[r][chunk] = pack_channels<kPacked>(values);
        }
      }
    }
#pragma unroll
    for (int r = 0; r < kRowsInFlight; ++r) {
      store_row<kHeadDim>(chunks[r], lane, target + (first + r * Map::kRowsPerPass) * Map::kPackedDim);
    }
  }
}

template <int kHeadDim, Element kInput, Element kPacked>
__device__ __forceinline__ void transform_rows(const RowTransform& transform,
                                               const Number<kInput>* source, int64_t token_stride,
                                               const int32_t (&tokens)[kBlock], bool wide, uint16_t* target) {
  using Map = LaneMap<kHeadDim>;
  const int lane = threadIdx.x % Map::kGroup;
  const bool active = lane < Map::kLanes;
  for (int first = threadIdx.x / Map::kGroup; first < kBlock; first += kRowsInFlight * Map::kRowsPerPass) {
    float channels[kRowsInFlight][2][Map::kWidth] = {};
    int32_t token[kRowsInFlight];
#pragma unroll
    for (int r = 0; r < kRowsInFlight; ++r) {
      token[r] = tokens[first + r * Map::kRowsPerPass];
      if (!active || token[r] < 0) continue;
      const auto* row = source + token[r] * token_stride;
#pragma unroll
      for (int chunk = 0; chunk < 2; ++chunk) {
        load_channels<kInput>(row + Map::first_channel(lane, chunk), wide, channels[r][chunk]);
      }
    }
#pragma unroll
    for (int r = 0; r < kRowsInFlight; ++r) {
      if (transform.norm != NormKind::kNone) normalize<kHeadDim>(transform, lane, active, wide, channels[r]);
      Words<Map::kWidth / 2> chunks[2] = {};
      if (active && token[r] >= 0) {
        if (transform.pairing != Pairing::kNone) rotate<kHeadDim>(transform, token[r], lane, wide, channels[r]);
#pragma unroll
        for (int chunk = 0; chunk < 2; ++chunk) {
#pragma unroll
          for (int c = 0; c < Map::kWidth; ++c) channels[r][chunk][c] *= transform.factor;
          chunks[chunk] = pack_channels<kPacked>(channels[r][chunk]);
        }
      }
      store_row<kHeadDim>(chunks, lane, target + (first + r * Map::kRowsPerPass) * Map::kPackedDim);
    }
  }
}

template <int kHeadDim, Element kInput, Element kPacked>
__device__ __forceinline__ void pack_rows(const RowTransform& transform, const Number<kInput>* source,
                                          int64_t token_stride, const int32_t (&tokens)[kBlock], bool wide,
                                          uint16_t* target) {
  if (transform.norm == NormKind::kNone && transform.pairing == Pairing::kNone && transform.factor == 1.0f) {
    copy_rows<kHeadDim, kInput, kPacked>(source, token_stride, tokens, wide, target);
  } else {
    transform_rows<kHeadDim, kInput, kPacked>(transform, source, token_stride, tokens, wide, target);
  }
}

template <typename Type>
__device__ __forceinline__ const Type* rows_of_head(const Projection& projection, int batch_row, int head, int head_dim) {
  return static_cast<const Type*>(projection.data) + batch_row * projection.batch_stride +
         static_cast<int64_t>(head) * head_dim;
}

// Grid: heads, blocks, batch. Heads are neighbours, because without orders they read one run of a token's row.
template <int kHeadDim, Element kInput, Element kPacked>
__global__ void __launch_bounds__(LaneMap<kHeadDim>::kThreads) front_v1(FrontProblem problem, bool wide) {
  using Input = Number<kInput>;
  constexpr int kPanelRow = kBlock * packed_head_dim(kHeadDim);  // elements of a block's image
  __shared__ int32_t query_tokens[kBlock];
  __shared__ int32_t key_tokens[kBlock];
  const PackedOperands& packed = problem.packed;
  const int head = blockIdx.x;
  const int block = blockIdx.y;
  const int batch_row = blockIdx.z;
  const bool has_queries = block < packed.query_blocks;
  const bool has_keys = block < packed.key_blocks && head < packed.key_heads;
  const int64_t key_panel = static_cast<int64_t>(batch_row) * packed.key_heads + head;
  const int64_t key_image = key_panel * packed.key_blocks + block;

  if (has_keys && threadIdx.x < 32) {
    const int64_t order = order_of_panel(packed, head);
    const int32_t length = problem.key_lengths == nullptr ? packed.key_tokens : problem.key_lengths[batch_row];
    const int count = compact_keys(problem.key_rows + (order * packed.key_blocks + block) * kBlock, length, key_tokens);
    if (threadIdx.x == 0) const_cast<int32_t*>(packed.key_counts)[key_image] = count;
  }
  if (has_queries && threadIdx.x >= 64 && threadIdx.x < 64 + kBlock) {
    const int64_t order = packed.order_choice == nullptr ? 0 : packed.order_choice[head];
    const int row = threadIdx.x - 64;
    query_tokens[row] = packed.query_rows[(order * packed.query_blocks + block) * kBlock + row];
  }
  __syncthreads();

  if (has_queries) {
    const int64_t image = (static_cast<int64_t>(batch_row) * packed.heads + head) * packed.query_blocks + block;
    const RowTransform transform = {problem.norm,    problem.epsilon, problem.query_weight, problem.query_bias,
                                    problem.pairing, problem.cosine,  problem.sine,         problem.query_factor};
    pack_rows<kHeadDim, kInput, kPacked>(transform, rows_of_head<Input>(problem.query, batch_row, head, kHeadDim),
                                         problem.query.token_stride, query_tokens, wide,
                                         static_cast<uint16_t*>(const_cast<void*>(packed.query)) + image * kPanelRow);
  }
  if (has_keys) {
    const int source_head = key_head_of(head, packed.key_heads, problem.key_value_heads);
    const RowTransform transform = {problem.norm,    problem.epsilon, problem.key_weight, problem.key_bias,
                                    problem.pairing, problem.cosine,  problem.sine,       1.0f};
    pack_rows<kHeadDim, kInput, kPacked>(transform, rows_of_head<Input>(problem.key, batch_row, source_head, kHeadDim),
                                         problem.key.token_stride, key_tokens, wide,
                                         static_cast<uint16_t*>(const_cast<void*>(packed.key)) + key_image * kPanelRow);
    copy_rows<kHeadDim, kInput, kPacked>(rows_of_head<Input>(problem.value, batch_row, source_head, kHeadDim),
                                         problem.value.token_stride, key_tokens, wide,
                                         static_cast<uint16_t*>(const_cast<void*>(packed.value)) + key_image * kPanelRow);
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_FRONT_V1_H_
