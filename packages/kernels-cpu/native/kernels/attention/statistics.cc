// Streaming block statistics of the softmax map: sum, maximum and small-entry count of every tile. Memory beyond the
// outputs: a few rows of logits a thread.
#include <algorithm>
#include <cassert>

#include "attention.h"
#include "common/parallel.h"
#include "common/targets.h"
#include "logit_words.h"
#include "operands.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "statistics.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "coded_logits-inl.h"
#include "exp2-inl.h"
#include "micro_kernel-inl.h"
#include "tile_loop-inl.h"

#ifndef PAROATTN_ATTENTION_STATISTICS_UNIT_
#define PAROATTN_ATTENTION_STATISTICS_UNIT_
namespace paroattn {
namespace attention {
namespace {

struct StatisticsUnit {
  const Operands& operands;
  const StatisticsOptions& options;
  const std::atomic<bool>* cancelled;
  size_t b, h, qb;
  float* logits;      // [8][64]; [64][64] with codes
  void* logit_words;  // LogitWords, with codes
  float* panel;       // [64][padded_dim], where keys of bf16 are widened
};

}  // namespace
}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct TileStatistics {
  VF32 sum, maximum;
  size_t small;  // of excluded keys too: their weight is 0
};

// logits: [64]; reference: log2 of the row's sum of exponentials.
HWY_INLINE void add_row(const float* logits, float reference, float epsilon, TileStatistics& tile) {
  const F32 d;
#pragma GCC unroll 4
  for (size_t v = 0; v < kBlock / kLanes; ++v) {
    const VF32 weight = exp2(d, hn::Sub(hn::Load(d, logits + v * kLanes), hn::Set(d, reference)));
    tile.sum = hn::Add(tile.sum, weight);
    tile.maximum = hn::Max(tile.maximum, weight);
    tile.small += hn::CountTrue(d, hn::Lt(weight, hn::Set(d, epsilon)));
  }
}

HWY_INLINE void measure_tile(const StatisticsUnit& unit, const float* references, size_t kb) {
  const Operands& operands = unit.operands;
  const StatisticsOptions& options = unit.options;
  const size_t order = operands.order_of_head[unit.h];
  const Operands::Validity valid = operands.validity(unit.b, order, kb);
  const size_t at = ((unit.b * operands.heads + unit.h) * operands.query_blocks + unit.qb) * operands.key_blocks + kb;
  const F32 d;
  TileStatistics tile = {hn::Zero(d), hn::Zero(d), 0};
  const float* query = operands.query_panel(unit.b, unit.h, unit.qb);
  const float* key_panel = keys_of(operands, unit.b, operands.set_of_head[unit.h], kb, unit.panel);
  const size_t query_rows = operands.query_rows(unit.qb);
  const bool codes = operands.quantization.query_key_bits > 0;
  if (codes && valid.count > 0) {
    compute_coded_logits<false>(operands, unit.b, unit.h, unit.qb, kb, query_rows, LogitWords(operands, unit.logit_words),
                                unit.logits);
  }
  size_t first = 0;
  for (size_t left = valid.count > 0 ? padded_rows(query_rows) : 0; left > 0;) {
    const size_t rows = rows_to_take(left);
    float* logits = unit.logits + (codes ? first * kBlock : 0);
    if (!codes) compute_logits(operands, rows, query + first * operands.padded_dim, key_panel, logits);
    if (valid.count < kBlock) exclude_keys(operands.exclusion(unit.b, order, kb), rows, logits);
    for (size_t r = 0; r < rows && first + r < query_rows; ++r) {
      add_row(logits + r * kBlock, references[first + r], options.epsilon, tile);
    }
    first += rows;
    left -= rows;
  }
  // Excluded keys were counted as small unless nothing is below epsilon.
  const size_t excluded = valid.count > 0 && options.epsilon > 0 ? query_rows * (kBlock - valid.count) : 0;
  options.sum[at] = hn::GetLane(hn::SumOfLanes(d, tile.sum));
  options.maximum[at] = hn::GetLane(hn::MaxOfLanes(d, tile.maximum));
  // The minimum: the excluded keys of a NaN query are not small.
  options.small_count[at] = static_cast<float>(tile.small - std::min(tile.small, excluded));
}

void measure(const StatisticsUnit& unit) {
  const Operands& operands = unit.operands;
  const uint32_t* gather = operands.indices(operands.order_of_head[unit.h]);
  const float* shifts = unit.operands.logit_shifts(unit.b, unit.h, unit.qb);
  float references[kBlock];
  if (operands.quantization.query_key_bits > 0) {
    ready_queries<false>(operands, unit.b, unit.h, unit.qb, LogitWords(operands, unit.logit_words));
  }
  for (size_t r = 0; r < operands.query_rows(unit.qb); ++r) {
    const size_t token = Operands::source(gather, operands.query_starts[unit.qb] + r);
    const float lse = unit.options.log_sum_exp[(unit.b * operands.heads + unit.h) * operands.query_tokens + token];
    references[r] = static_cast<float>(kLog2E * (static_cast<double>(lse) - (shifts ? static_cast<double>(shifts[r]) : 0)));
  }
  for (size_t kb = 0; kb < operands.key_blocks && !is_cancelled(unit.cancelled); ++kb) measure_tile(unit, references, kb);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {

HWY_EXPORT(measure);

Status block_statistics(const Operands& operands, const StatisticsOptions& options,
                        const std::atomic<bool>* cancelled) {
  assert(options.log_sum_exp && options.sum && options.maximum && options.small_count);
  const size_t logits = operands.quantization.query_key_bits > 0 ? kBlock * kBlock : 8 * kBlock;
  const size_t words = round_up(LogitWords::words(operands), kPad);
  const size_t scratch_floats = logits + words + (operands.narrow() ? kBlock * operands.padded_dim : 0);
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  const auto kernel = HWY_DYNAMIC_DISPATCH(measure);
  parallel_units(operands.batch * operands.heads * operands.query_blocks, cancelled, [&](size_t index, size_t thread) {
    const size_t head = index / operands.query_blocks;
    float* room = scratch.floats() + thread * scratch_floats;
    kernel({operands, options, cancelled, head / operands.heads, head % operands.heads, index % operands.query_blocks,
            room, room + logits, room + logits + words});
  });
  return is_cancelled(cancelled) ? Status::kCancelled : Status::kOk;
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
