// Version 1: mma.sync m16n8k16 with f32 accumulators, for every GPU from sm_80 on.
//
// Four warps work on an item of 128 query rows, each on 32 rows and 64 keys at a time, so that every fragment of keys
// and values read from shared memory feeds two products: with 16 rows, the reads alone would fill the pipe to shared
// memory. The two query blocks of an item share the tiles of the union of their mask rows, which halves the traffic to
// L2 where neighbours look alike; a pair of warps whose own row has the bit clear sits the tile out, so that the
// result is that of 64x64 blocks. Each warp walks the same list of live blocks, prepared from the bits.
//
// One barrier a tile. The second product runs one tile behind the first: a pass of the loop first does
// weights(j - 1) * values(j - 1), then queries * keys(j), and meanwhile values(j) and keys(j + 1) arrive. So each copy
// has a whole pass to hide in, keys and values in turn, and two slots for each suffice. Other thread blocks on the
// multiprocessor fill the tensor cores while this one is at its softmax.
#ifndef PAROATTN_CUDA_ATTENTION_ATTENTION_V1_H_
#define PAROATTN_CUDA_ATTENTION_ATTENTION_V1_H_

#include <cmath>
#include <cstdint>

#include "attention/attention.h"
#include "attention/epilogue.h"
#include "attention/live_list.h"
#include "attention/softmax.h"
#include "attention/tile.h"
#include "common/device.h"
#include "common/ptx.h"

namespace paroattn {
namespace cuda {

// kValueSlots: 2, or 1 where shared memory for two thread blocks is short; then another barrier a tile frees the slot.
// kThreadBlocks: on a multiprocessor, as far as registers decide.
template <Element kElement_, int kHeadDim_, int kValueSlots_, int kThreadBlocks_, int kKeyTiles_,
          bool kQueryInRegisters_>
struct AttentionV1 {
  static constexpr Element kElement = kElement_;
  static constexpr int kHeadDim = kHeadDim_;
  static constexpr int kPackedDim = packed_head_dim(kHeadDim);
  static constexpr int kValueSlots = kValueSlots_;
  static constexpr int kThreadBlocks = kThreadBlocks_;
  static constexpr int kKeyTiles = kKeyTiles_;
  static constexpr bool kQueryInRegisters = kQueryInRegisters_;
  static_assert(kValueSlots == 1 || kValueSlots == 2, "slots of values");

  using KeyTile = Tile<kPackedDim>;
  static constexpr int kQueryAt = 0;
  static constexpr int kKeysAt = 2 * KeyTile::kBytes;
  static constexpr int kValuesAt = kKeysAt + 2 * KeyTile::kBytes;
  static constexpr int kListAt = kValuesAt + kValueSlots * KeyTile::kBytes;
  static constexpr int kItemsAt = kListAt + static_cast<int>(sizeof(LiveList));
  static constexpr int kSharedBytes = kItemsAt + 16;
  static_assert(Staging<kPackedDim>::kBytes * kWarps == kValuesAt, "outputs are staged where queries and keys were");
};

// Where an item's operands and results are. Worked out anew where it is needed: kept in registers through the loop over
// key blocks, it would push the accumulators out.
struct Place {
  int batch, head;
  int64_t batch_head;   // batch row * heads + head
  int64_t query_block;  // of all: batch_head * query_blocks + the item's first
  bool has_second;
  int64_t key_block;  // of all: the panel's first
};

__device__ __forceinline__ Place place_of(const AttentionProblem& problem, int item) {
  const PackedOperands& operands = problem.operands;
  const int pairs = (operands.query_blocks + 1) / 2;
  const WorkItem work = problem.items != nullptr
                            ? problem.items[item]
                            : WorkItem{static_cast<uint32_t>(item / pairs), static_cast<uint32_t>(item % pairs * 2)};
  Place place;
  place.batch = static_cast<int>(work.head) / operands.heads;
  place.head = static_cast<int>(work.head) % operands.heads;
  place.batch_head = work.head;
  place.query_block = place.batch_head * operands.query_blocks + work.query_block;
  place.has_second = static_cast<int>(work.query_block) + 1 < operands.query_blocks;
  place.key_block = (static_cast<int64_t>(place.batch) * operands.key_heads +
                     key_head_of(place.head, operands.heads, operands.key_heads)) *
                    operands.key_blocks;
  return place;
}

__device__ __forceinline__ LiveRows live_rows_of(const AttentionProblem& problem, const Place& place,
                                                 int64_t tile_bytes) {
  LiveRows rows;
  rows.first = nullptr;
  rows.second = nullptr;
  rows.has_second = place.has_second;
  rows.key_counts = problem.operands.key_counts + place.key_block;
  rows.key_blocks = problem.operands.key_blocks;
  rows.keys = static_cast<const char*>(problem.operands.key) + place.key_block * tile_bytes;
  rows.tile_bytes = tile_bytes;
  if (problem.mask != nullptr) {
    const int64_t shared_rows = problem.mask_batch == 1 ? static_cast<int64_t>(place.batch) * problem.operands.heads *
                                                              problem.operands.query_blocks
                                                        : 0;
    rows.first = problem.mask + (place.query_block - shared_rows) * problem.mask_words;
    rows.second = rows.first + problem.mask_words;
  }
  return rows;
}

// The item after this one, or item_count: none. Called by one thread.
__device__ __forceinline__ int fetch_item(const AttentionProblem& problem) {
  if (problem.cancelled != nullptr && *static_cast<const volatile int*>(problem.cancelled) != 0) {
    return problem.item_count;
  }
  // The first items went to the thread blocks by their number.
  return static_cast<int>(gridDim.x + atomicAdd(problem.counter, 1u));
}

// The last thread block to leave puts the counters back to zero for the next launch.
__device__ __forceinline__ void leave(const AttentionProblem& problem) {
  __threadfence();
  if (atomicAdd(problem.counter + 1, 1u) == gridDim.x - 1) {
    problem.counter[0] = 0;
    problem.counter[1] = 0;
  }
}

template <class Version>
__device__ __forceinline__ void load_query(uint32_t (&query)[2][4], const char* shared, uint32_t lane_offset,
                                           int step) {
  using KeyTile = typename Version::KeyTile;
#pragma unroll
  for (int m = 0; m < 2; ++m) ptx::ldmatrix_x4(query[m], shared + KeyTile::group_offset(lane_offset, 16 * m, step));
}

template <class Version>
__global__ void __launch_bounds__(kThreads, Version::kThreadBlocks)
    attention_v1(const AttentionProblem problem, const float log2_scale, const int64_t from_keys_to_values) {
  using KeyTile = typename Version::KeyTile;
  constexpr Element kElement = Version::kElement;
  constexpr int kHeadDim = Version::kHeadDim;
  constexpr int kSteps = Version::kPackedDim / 16;  // along the channels of queries and keys
  constexpr int kKeyTiles = Version::kKeyTiles;
  constexpr int kTiles = kHeadDim / 8;  // accumulators along the channels of the output

  char* const shared = dynamic_shared<char>();
  LiveList* const list = reinterpret_cast<LiveList*>(shared + Version::kListAt);
  volatile int* const items = reinterpret_cast<volatile int*>(shared + Version::kItemsAt);  // this one, the next

  const PackedOperands& operands = problem.operands;
  const int warp = static_cast<int>(threadIdx.x) >> 5;
  const int lane = static_cast<int>(threadIdx.x) & 31;
  const uint32_t own = warp < kWarps / 2 ? kEntryFirst : kEntrySecond;
  const uint32_t rows_first = KeyTile::lane_offset(lane, true);       // of queries and values
  const uint32_t channels_first = KeyTile::lane_offset(lane, false);  // of keys
  const uint32_t copy_to = KeyTile::copy_to(static_cast<int>(threadIdx.x));
  const uint32_t copy_from = KeyTile::copy_from(static_cast<int>(threadIdx.x));
  const uint32_t warp_rows = Version::kQueryAt + warp * 32 * KeyTile::kRowBytes;

  if (threadIdx.x == 0) items[0] = static_cast<int>(blockIdx.x);
  __syncthreads();
  while (items[0] < problem.item_count) {
    {
      const Place place = place_of(problem, items[0]);
      const char* const from =
          static_cast<const char*>(operands.query) + place.query_block * KeyTile::kBytes + copy_from;
      KeyTile::copy(shared + Version::kQueryAt + copy_to, from);
      if (place.has_second) {
        KeyTile::copy(shared + Version::kQueryAt + KeyTile::kBytes + copy_to, from + KeyTile::kBytes);
      }
    }
    float output[2][kTiles][4];
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int n = 0; n < kTiles; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) output[m][n][i] = 0.0f;
      }
    }
    Softmax<kElement> softmax;
    softmax.clear();

    for (int start = 0; start < operands.key_blocks; start = list->next) {
      const int live =
          list_live_blocks(live_rows_of(problem, place_of(problem, items[0]), KeyTile::kBytes), start, list);
      const auto keys_of = [&](uint32_t entry) {
        return list->keys + ((entry & kEntryBlock) * KeyTile::kBytes + copy_from);
      };
      const auto copy_keys = [&](uint32_t entry, int slot) {
        KeyTile::copy(shared + Version::kKeysAt + slot * KeyTile::kBytes + copy_to, keys_of(entry));
      };
      const auto copy_values = [&](uint32_t entry, int slot) {
        KeyTile::copy(shared + Version::kValuesAt + slot * KeyTile::kBytes + copy_to,
                      keys_of(entry) + from_keys_to_values);
      };
      if (live > 0) copy_keys(list->entries[0], 0);
      ptx::cp_async_commit();
      // The next item is asked for while the first tiles are on their way.
      if (start == 0 && threadIdx.x == 0) items[1] = fetch_item(problem);
      if (live == 0) continue;

      uint32_t weights[2][4][4];
      uint32_t query[Version::kQueryInRegisters ? kSteps : 1][2][4];
      bool has_query = false;
      uint32_t previous = 0;
      for (int j = 0; j <= live; ++j) {
        const uint32_t entry = j < live ? list->entries[j] : 0u;
        ptx::cp_async_wait<0>();
        __syncthreads();  // keys(j) and values(j - 1) are there; keys(j - 1) and values(j - 2) have been used
        if (j + 1 < live) copy_keys(list->entries[j + 1], (j + 1) & 1);
        if (Version::kValueSlots == 2 && j < live) copy_values(entry, j & 1);
        ptx::cp_async_commit();

        if (previous & own) {  // output += weights(j - 1) * values(j - 1)
          const uint32_t tile = Version::kValuesAt + (Version::kValueSlots == 2 ? ((j + 1) & 1) * KeyTile::kBytes : 0);
#pragma unroll
          for (int k = 0; k < 4; ++k) {
#pragma unroll
            for (int n = 0; n < kTiles; n += 2) {
              uint32_t value[4];
              ptx::ldmatrix_x4_trans(value, shared + KeyTile::group_offset(tile + rows_first, 16 * k, n / 2));
#pragma unroll
              for (int m = 0; m < 2; ++m) {
                ptx::mma<kElement>(output[m][n], weights[m][k], value[0], value[1]);
                if (n + 1 < kTiles) ptx::mma<kElement>(output[m][n + 1], weights[m][k], value[2], value[3]);
              }
            }
          }
        }
        if constexpr (Version::kValueSlots == 1) {
          __syncthreads();  // values(j - 1) have been used
          if (j < live) copy_values(entry, 0);
          ptx::cp_async_commit();
        }

        if (entry & own) {  // weights(j) from queries * keys(j)
          const uint32_t tile = Version::kKeysAt + (j & 1) * KeyTile::kBytes;
          const uint32_t query_lane = warp_rows + rows_first;
          if (Version::kQueryInRegisters && !has_query) {
#pragma unroll
            for (int step = 0; step < kSteps; ++step) {
              load_query<Version>(query[Version::kQueryInRegisters ? step : 0], shared, query_lane, step);
            }
            has_query = true;
          }
#pragma unroll
          for (int part = 0; part < 8; part += kKeyTiles) {
            float products[2][kKeyTiles][4];
#pragma unroll
            for (int m = 0; m < 2; ++m) {
#pragma unroll
              for (int n = 0; n < kKeyTiles; ++n) {
#pragma unroll
                for (int i = 0; i < 4; ++i) products[m][n][i] = 0.0f;
              }
            }
#pragma unroll
            for (int step = 0; step < kSteps; ++step) {
              if (!Version::kQueryInRegisters) load_query<Version>(query[0], shared, query_lane, step);
              const auto& rows = query[Version::kQueryInRegisters ? step : 0];
#pragma unroll
              for (int n = 0; n < kKeyTiles; n += 2) {
                uint32_t key[4];
                ptx::ldmatrix_x4(key, shared + KeyTile::group_offset(tile + channels_first, 8 * (part + n), step));
#pragma unroll
                for (int m = 0; m < 2; ++m) {
                  ptx::mma<kElement>(products[m][n], rows[m], key[0], key[1]);
                  ptx::mma<kElement>(products[m][n + 1], rows[m], key[2], key[3]);
                }
              }
            }
            if (entry & kEntryShort) {
              const int count = list->key_counts[entry & kEntryBlock];
#pragma unroll
              for (int n = 0; n < kKeyTiles; ++n) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                  if (8 * (part + n) + 2 * (lane & 3) + (i & 1) >= count) {
                    products[0][n][i] = -INFINITY;
                    products[1][n][i] = -INFINITY;
                  }
                }
              }
            }
            softmax.weigh(products, log2_scale, output, weights, part / 2);
          }
        }
        previous = entry;
      }
    }

    ptx::cp_async_wait<0>();
    __syncthreads();  // the next item is known, and the queries have been read
    char* const staging = shared + warp * Staging<Version::kPackedDim>::kBytes;
    softmax.finish();
    stage_output<kElement, kHeadDim>(output, softmax, staging, lane);
    const Place place = place_of(problem, items[0]);
    if (warp < kWarps / 2 || place.has_second) {
      const int order = operands.order_choice == nullptr ? 0 : operands.order_choice[place.head];
      const int64_t block = place.query_block + (order - place.batch_head) * operands.query_blocks;
      OutputRows rows;
      rows.tokens = operands.query_rows + block * kBlock + 32 * warp;
      rows.first_row = static_cast<int64_t>(place.batch) * operands.query_tokens;
      rows.head_row = place.batch_head * operands.query_tokens;
      rows.head = place.head;
      if (problem.log_sum_exp != nullptr) write_log_sum_exp(problem, rows, softmax, lane);
      write_output<kHeadDim>(problem, rows, staging, lane);
    }
    __syncthreads();  // staged outputs have left the place of the next queries and keys
    if (threadIdx.x == 0) items[0] = items[1];
    __syncthreads();
  }
  if (threadIdx.x == 0) leave(problem);
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_ATTENTION_V1_H_
