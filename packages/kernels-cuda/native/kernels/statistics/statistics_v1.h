// Version 1: mma.sync m16n8k16, for every GPU from sm_80 on.
//
// A block of threads holds the queries of two neighbouring query blocks in registers and streams up to 64 blocks of keys
// past them. Two query blocks, because one alone would ask the second cache for more than it gives (8 KB of keys a tile
// at head dim 64, a tile in 384 clocks or so); a warp has 32 of the rows, because with 16 the reads of the keys from
// shared memory would take as long as the arithmetic. The keys are cut so that one head fills the GPU also where its
// query blocks alone do not. Nothing is exchanged between warps until all tiles are done.
#ifndef PAROATTN_CUDA_STATISTICS_STATISTICS_V1_H_
#define PAROATTN_CUDA_STATISTICS_STATISTICS_V1_H_

#include <cmath>
#include <cstdint>

#include "common/device.h"
#include "common/ptx.h"
#include "statistics/row_references.h"
#include "statistics/statistics.h"
#include "statistics/tile_partial.h"
#include "statistics/tile_shape.h"

namespace paroattn {
namespace cuda {

struct StatisticsArguments {
  StatisticsProblem problem;
  float scale;         // of the logits, times log2 e
  float log2_epsilon;  // -infinity: nothing is small
  int chunk;           // blocks of keys that a block of threads streams, at most 64
};

// One block of keys into a stage of shared memory.
template <int kHeadDim>
__device__ __forceinline__ void fetch_keys(const uint4* image, uint4* stage) {
  using Keys = KeyImage<kHeadDim>;
#pragma unroll
  for (int i = 0; i < kBlock * Keys::kChunks / kStatisticsThreads; ++i) {
    const int chunk = i * kStatisticsThreads + threadIdx.x;
    ptx::cp_async_16(stage + chunk / Keys::kChunks * Keys::kRowChunks + chunk % Keys::kChunks, image + chunk);
  }
}

// The A fragments of a warp's 32 rows, straight from memory: once for up to 64 tiles.
template <int kHeadDim>
__device__ __forceinline__ void load_queries(const uint32_t* rows, uint32_t (&queries)[2][KeyImage<kHeadDim>::kSteps][4]) {
  using Keys = KeyImage<kHeadDim>;
  constexpr int kRowWords = Keys::kPackedDim / 2;
  const int group = threadIdx.x % 32 / 4;
  const int member = threadIdx.x % 4;
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int step = 0; step < Keys::kSteps; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = 16 * m + group + 8 * (i & 1);
        queries[m][step][i] = rows[row * kRowWords + 8 * step + member + 4 * (i >> 1)];
      }
    }
  }
}

// A warp's 32 rows against 64 keys, of which the first `count` are valid.
template <int kHeadDim, Element kElement, bool kWhole>
__device__ __forceinline__ LanePartial measure_tile(const uint32_t (&queries)[2][KeyImage<kHeadDim>::kSteps][4],
                                                    const uint4* keys, const float (&references)[4], int count,
                                                    float scale, float log2_epsilon) {
  using Keys = KeyImage<kHeadDim>;
  const int lane = threadIdx.x % 32;
  // ldmatrix reads four 8x8 matrices: keys 0-7 and 8-15 of a group, channels 0-7 and 8-15 of a step.
  const int key = lane / 16 * 8 + lane % 8;
  const int chunk = lane / 8 % 2;
  LanePartial partial;
#pragma unroll(kWhole ? kBlock / 16 : 1)
  for (int group = 0; group < kBlock / 16; ++group) {
    float logits[2][2][4] = {};
    const uint4* row = keys + (16 * group + key) * Keys::kRowChunks + chunk;
#pragma unroll
    for (int step = 0; step < Keys::kSteps; ++step) {
      uint32_t fragment[4];
      ptx::ldmatrix_x4(fragment, row + 2 * step);
#pragma unroll
      for (int m = 0; m < 2; ++m) {
        ptx::mma<kElement>(logits[m][0], queries[m][step], fragment[0], fragment[1]);
        ptx::mma<kElement>(logits[m][1], queries[m][step], fragment[2], fragment[3]);
      }
    }
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int n = 0; n < 2; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row_of_lane = 2 * m + i / 2;
          float t = fmaf(logits[m][n][i], scale, -references[row_of_lane]);
          if (!kWhole && 16 * group + 8 * n + 2 * (lane % 4) + i % 2 >= count) t = -INFINITY;
          partial.add(row_of_lane, t, log2_epsilon);
        }
      }
    }
  }
  return partial;
}

// Grid: pairs of query blocks, runs of key blocks, heads of the batch.
template <int kHeadDim, Element kElement>
__global__ void __launch_bounds__(kStatisticsThreads, KeyImage<kHeadDim>::kResident)
    statistics_v1(StatisticsArguments arguments) {
  using Keys = KeyImage<kHeadDim>;
  constexpr int kImageChunks = kBlock * Keys::kChunks;
  __shared__ TilePartial partials[kStatisticsWarps][kMostKeyBlocks];
  __shared__ int32_t valid_rows[kStatisticsWarps];
  __shared__ int32_t valid_keys[kMostKeyBlocks];
  uint4* stages = dynamic_shared<uint4>();
  const StatisticsProblem& problem = arguments.problem;
  const PackedOperands& operands = problem.operands;
  if (problem.cancelled != nullptr) {
    const int stop = threadIdx.x == 0 ? *static_cast<const volatile int*>(problem.cancelled) : 0;
    if (__syncthreads_or(stop)) return;
  }

  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  // Blocks of all panels fit 31 bits: an image has 8 KB or more.
  const int panel = blockIdx.z;  // of queries
  const int head = panel % operands.heads;
  const int key_panel = panel / operands.heads * operands.key_heads + key_head_of(head, operands.heads, operands.key_heads);
  const int query_block = kQueryBlocks * blockIdx.x + warp / 2;
  const bool has_queries = query_block < operands.query_blocks;
  const int first_key_block = blockIdx.y * arguments.chunk;
  const int key_blocks = min(arguments.chunk, operands.key_blocks - first_key_block);
  const int first_image = key_panel * operands.key_blocks + first_key_block;
  const uint4* images = static_cast<const uint4*>(operands.key) + static_cast<int64_t>(first_image) * kImageChunks;

#pragma unroll
  for (int stage = 0; stage < kKeyStages - 1; ++stage) {
    if (stage < key_blocks) {
      fetch_keys<kHeadDim>(images + stage * kImageChunks, stages + stage * (Keys::kBytes / 16));
    }
    ptx::cp_async_commit();
  }
  const int thread = threadIdx.x;
  if (thread < key_blocks) valid_keys[thread] = operands.key_counts[first_image + thread];

  uint32_t queries[2][Keys::kSteps][4];
  float references[4];
  {
    float reference = INFINITY;
    if (has_queries) {
      const int order = operands.order_choice == nullptr ? 0 : operands.order_choice[head];
      const int row = warp % 2 * kWarpRows;  // the warp's first in its block
      const int64_t table_block = order * operands.query_blocks + query_block;
      const int32_t token = operands.query_rows[table_block * kBlock + row + lane];
      reference = row_reference(problem.log_sum_exp + static_cast<int64_t>(panel) * operands.query_tokens, token);
      const uint32_t valid = __ballot_sync(0xffffffffu, token >= 0);
      if (lane == 0) valid_rows[warp] = __popc(valid);
      const int64_t image = panel * operands.query_blocks + query_block;
      load_queries<kHeadDim>(
          static_cast<const uint32_t*>(operands.query) + (image * kBlock + row) * (Keys::kPackedDim / 2), queries);
    }
#pragma unroll
    for (int r = 0; r < 4; ++r) references[r] = __shfl_sync(0xffffffffu, reference, lane / 4 + 8 * r);
  }

  for (int tile = 0; tile < key_blocks; ++tile) {
    ptx::cp_async_wait<kKeyStages - 2>();
    __syncthreads();  // the stage is full for all, and the one that is fetched next was read by all
    const int ahead = tile + kKeyStages - 1;
    if (ahead < key_blocks) {
      fetch_keys<kHeadDim>(images + ahead * static_cast<int64_t>(kImageChunks),
                           stages + ahead % kKeyStages * (Keys::kBytes / 16));
    }
    ptx::cp_async_commit();
    const int count = valid_keys[tile];
    if (!has_queries || count == 0) continue;
    const uint4* keys = stages + tile % kKeyStages * (Keys::kBytes / 16);
    const LanePartial partial =
        count == kBlock ? measure_tile<kHeadDim, kElement, true>(queries, keys, references, count, arguments.scale,
                                                                 arguments.log2_epsilon)
                        : measure_tile<kHeadDim, kElement, false>(queries, keys, references, count, arguments.scale,
                                                                  arguments.log2_epsilon);
    const TilePartial whole = reduce_warp(partial);
    if (lane == 0) partials[warp][tile] = whole;
  }
  ptx::cp_async_wait<0>();
  __syncthreads();

  // Each thread finishes a tile of one of the query blocks.
  const int tile = thread % kMostKeyBlocks;
  const int half = thread / kMostKeyBlocks;
  const int finished_block = kQueryBlocks * blockIdx.x + half;
  if (tile >= key_blocks || finished_block >= operands.query_blocks) return;
  const int64_t at =
      static_cast<int64_t>(panel * operands.query_blocks + finished_block) * operands.key_blocks + first_key_block + tile;
  const int entries = (valid_rows[2 * half] + valid_rows[2 * half + 1]) * valid_keys[tile];
  if (entries == 0) {
    problem.sum[at] = problem.maximum[at] = problem.small_count[at] = 0.0f;
    return;
  }
  const TilePartial& first = partials[2 * half][tile];
  const TilePartial& second = partials[2 * half + 1][tile];
  const float sum = first.sum + second.sum;
  const int large = static_cast<int>(first.large + second.large);
  problem.sum[at] = sum;
  problem.maximum[at] = isnan(sum) ? sum : ptx::exp2(fmaxf(first.maximum, second.maximum));
  // Padding counts as small, unless nothing does.
  problem.small_count[at] = static_cast<float>(max(0, entries - large));
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_STATISTICS_STATISTICS_V1_H_
