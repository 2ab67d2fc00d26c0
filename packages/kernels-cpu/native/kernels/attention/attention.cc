// The attention kernel: one unit of work is the query block of a head, over its live key blocks.
//
// For each live key block: logits of all rows by the outer-product kernel from the packed query rows and the transposed
// key panel; then, few rows at a time, online softmax in place and weights times the value panel into the accumulator.
// The panel in use stays in the first-level cache for all rows (16 KiB at 64 channels), the rest is streamed past it.
#include <cassert>
#include <cfloat>
#include <cmath>

#include "attention.h"
#include "common/parallel.h"
#include "common/targets.h"
#include "operands.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "softmax-inl.h"
#include "tile_loop-inl.h"

#if defined(PAROATTN_SANITIZE) && defined(NDEBUG)
#error "Sanitized builds run the assertions too: NDEBUG must not be defined"
#endif

#ifndef PAROATTN_ATTENTION_UNIT_
#define PAROATTN_ATTENTION_UNIT_
namespace paroattn {
namespace attention {
namespace {

// A query block of a head of a batch row, and where to compute it.
struct Unit {
  const Operands& operands;
  const AttentionOptions& options;
  float* output;
  const std::atomic<bool>* cancelled;
  size_t b, h, qb;
  float* scratch;  // [scratch_floats]
};

// Logits of the tile in hand; accumulator, partial sums and reference of each row of the block.
struct Scratch {
  explicit Scratch(const Unit& unit)
      : logits(unit.scratch),
        accumulator(logits + kBlock * kBlock),
        sums(accumulator + kBlock * unit.operands.padded_dim),
        references(sums + kBlock * kPad) {}
  static size_t floats(const Operands& operands) { return kBlock * (kBlock + operands.padded_dim + kPad + 1); }
  float* logits;       // [64][64]
  float* accumulator;  // [64][padded_dim]
  float* sums;         // [64][16]
  float* references;   // [64]
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

// Adds the bias of rows first .. first + rows of the query block to the logits of key block kb.
HWY_INLINE void add_bias(const Unit& unit, size_t kb, size_t first, size_t rows, float* logits) {
  const Operands& operands = unit.operands;
  const uint32_t* gather = operands.indices(operands.order_of_head[unit.h]);
  const size_t query_start = operands.query_starts[unit.qb], key_start = operands.key_starts[kb];
  const size_t valid = operands.query_rows(unit.qb);
  const float* head = unit.options.bias + unit.h * operands.query_tokens * operands.key_tokens;
  for (size_t r = 0; r < rows && first + r < valid; ++r) {
    const float* row = head + Operands::source(gather, query_start + first + r) * operands.key_tokens;
    for (size_t j = 0; j < operands.key_rows(kb); ++j) {
      logits[r * kBlock + j] += static_cast<float>(kLog2E) * row[Operands::source(gather, key_start + j)];
    }
  }
}

HWY_INLINE void attend_key_block(const Unit& unit, const Scratch& scratch, size_t kb) {
  const Operands& operands = unit.operands;
  const size_t order = operands.order_of_head[unit.h], set = operands.set_of_head[unit.h];
  const Operands::Validity valid = operands.validity(unit.b, order, kb);
  if (valid.count == 0) return;
  const float* query = operands.query_panel(unit.b, unit.h, unit.qb);
  const float* key_panel = operands.key_panel(unit.b, set, kb);
  const float* value_panel = operands.value_panel(unit.b, set, kb);
  const size_t padded_dim = operands.padded_dim;
  size_t first = 0;
  const size_t all_rows = padded_rows(operands.query_rows(unit.qb));
  for (size_t left = all_rows; left > 0;) {
    const size_t rows = rows_to_take(left);
    compute_logits(operands, rows, query + first * padded_dim, key_panel, scratch.logits + first * kBlock);
    first += rows;
    left -= rows;
  }
  first = 0;
  for (size_t left = all_rows; left > 0;) {
    const size_t rows = rows_to_take(left);
    float* logits = scratch.logits + first * kBlock;
    if (unit.options.bias != nullptr) add_bias(unit, kb, first, rows, logits);
    if (valid.count < kBlock) exclude_keys(operands.exclusion(unit.b, order, kb), rows, logits);
    for (size_t r = 0; r < rows; ++r) {
      softmax_row(logits + r * kBlock,
                  {scratch.references + first + r, scratch.sums + (first + r) * kPad,
                   scratch.accumulator + (first + r) * padded_dim, padded_dim});
    }
    multiply<true>(rows,
                   {logits, kBlock, value_panel, padded_dim, scratch.accumulator + first * padded_dim,
                    padded_dim, valid.extent},
                   padded_dim);
    first += rows;
    left -= rows;
  }
}

// out[0 .. head_dim) = factor * accumulator + residual
HWY_INLINE void write_row(const float* accumulator, float factor, const float* residual, size_t head_dim, float* out) {
  const F32 d;
  const VF32 factors = hn::Set(d, factor);
  size_t c = 0;
  if (residual != nullptr) {
    for (; c + kLanes <= head_dim; c += kLanes) {
      hn::StoreU(hn::MulAdd(factors, hn::Load(d, accumulator + c), hn::LoadU(d, residual + c)), d, out + c);
    }
    for (; c < head_dim; ++c) out[c] = factor * accumulator[c] + residual[c];
  } else {
    for (; c + kLanes <= head_dim; c += kLanes) {
      hn::StoreU(hn::Mul(factors, hn::Load(d, accumulator + c)), d, out + c);
    }
    for (; c < head_dim; ++c) out[c] = factor * accumulator[c];
  }
}

HWY_INLINE void finish(const Unit& unit, const Scratch& scratch) {
  const Operands& operands = unit.operands;
  const AttentionOptions& options = unit.options;
  const uint32_t* gather = operands.indices(operands.order_of_head[unit.h]);
  const F32 d;
  for (size_t r = 0; r < operands.query_rows(unit.qb); ++r) {
    const size_t token = Operands::source(gather, operands.query_starts[unit.qb] + r);
    const size_t scalar_at = (unit.b * operands.heads + unit.h) * operands.query_tokens + token;
    const size_t row_at =
        ((unit.b * operands.query_tokens + token) * operands.heads + unit.h) * operands.head_dim;
    const float sum = hn::GetLane(hn::SumOfLanes(d, hn::Load(d, scratch.sums + r * kPad)));
    const float row_scale = options.row_scale ? options.row_scale[scalar_at] : 1.0f;
    write_row(scratch.accumulator + r * operands.padded_dim, row_scale / sum,
              options.residual ? options.residual + row_at : nullptr, operands.head_dim, unit.output + row_at);
    if (options.log_sum_exp != nullptr) {
      options.log_sum_exp[scalar_at] =
          static_cast<float>(kLn2 * (scratch.references[r] + std::log2(static_cast<double>(sum))));
    }
  }
}

void attend(const Unit& unit) {
  const Operands& operands = unit.operands;
  const Scratch scratch(unit);
  const F32 d;
  for (size_t i = 0; i < kBlock * (operands.padded_dim + kPad); i += kLanes) {
    hn::Store(hn::Zero(d), d, scratch.accumulator + i);  // and the sums behind it
  }
  for (size_t r = 0; r < kBlock; ++r) scratch.references[r] = -FLT_MAX;

  if (const Mask* mask = unit.options.mask) {
    const size_t row = mask->row(unit.b, unit.h, unit.qb);
    const uint16_t* live = mask->live(row);
    for (size_t i = 0; i < mask->live_count(row) && !is_cancelled(unit.cancelled); ++i) {
      attend_key_block(unit, scratch, live[i]);
    }
  } else {
    for (size_t kb = 0; kb < operands.key_blocks && !is_cancelled(unit.cancelled); ++kb) {
      attend_key_block(unit, scratch, kb);
    }
  }
  finish(unit, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {

HWY_EXPORT(attend);

Status attention(const Operands& operands, const AttentionOptions& options, float* output,
                 const std::atomic<bool>* cancelled) {
  const Mask* mask = options.mask;
  if (mask != nullptr) {
    assert(mask->batch() == 1 || mask->batch() == operands.batch);
    assert(mask->heads() == operands.heads && mask->query_blocks() == operands.query_blocks &&
           mask->key_blocks() == operands.key_blocks);
    if (!every_query_has_a_live_key(operands, *mask)) return Status::kNoLiveKey;
  }
  const size_t scratch_floats = round_up(Scratch::floats(operands), kPad);
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  const size_t units_of_batch = operands.heads * operands.query_blocks;
  const auto kernel = HWY_DYNAMIC_DISPATCH(attend);
  parallel_units(operands.batch * units_of_batch, cancelled, [&](size_t index, size_t thread) {
    const size_t b = index / units_of_batch;
    const size_t position = mask && mask->batch() == 1 ? index % units_of_batch : index;
    const size_t row = (mask ? mask->work()[position] : index) % units_of_batch;
    kernel({operands, options, output, cancelled, b, row / operands.query_blocks, row % operands.query_blocks,
            scratch.floats() + thread * scratch_floats});
  });
  return is_cancelled(cancelled) ? Status::kCancelled : Status::kOk;
}

const char* instruction_set() noexcept {
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(supported & -supported);
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
