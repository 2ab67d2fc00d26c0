// The attention kernel: one unit of work is the query block of a head, over its live key blocks.
//
// For each live key block: logits of all rows by the outer-product kernel from the packed query rows and the transposed
// key panel; then, few rows at a time, online softmax in place and weights times the value panel into the accumulator.
// The panel in use stays in the first-level cache for all rows (16 KiB at 64 channels), the rest is streamed past it. While
// queries meet keys the block's values come nearer, and while values are weighted the next block's keys.
#include <cassert>

#include "attention.h"
#include "common/parallel.h"
#include "common/targets.h"
#include "operands.h"
#include "quantized_attention.h"
#include "work_unit.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "rows_of_unit-inl.h"
#include "softmax-inl.h"
#include "tile_loop-inl.h"

#if defined(PAROATTN_SANITIZE) && defined(NDEBUG)
#error "Sanitized builds run the assertions too: NDEBUG must not be defined"
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// `following` is the key block that comes next.
HWY_INLINE void attend_key_block(const Unit& unit, const Scratch& scratch, size_t kb, size_t following) {
  const Operands& operands = unit.operands;
  const size_t order = operands.order_of_head[unit.h], set = operands.set_of_head[unit.h];
  const Operands::Validity valid = operands.validity(unit.b, order, kb);
  if (valid.count == 0) return;
  const float* query = operands.query_panel(unit.b, unit.h, unit.qb);
  const float* key_panel = keys_of(operands, unit.b, set, kb, scratch.panel);
  const size_t padded_dim = operands.padded_dim;
  Fetch to_come = fetch_values(operands, unit.b, set, kb);
  size_t first = 0;
  const size_t all_rows = padded_rows(operands.query_rows(unit.qb));
  for (size_t left = all_rows; left > 0;) {
    const size_t rows = rows_to_take(left);
    compute_logits(operands, rows, query + first * padded_dim, key_panel, scratch.logits + first * kBlock, to_come);
    first += rows;
    left -= rows;
  }
  const float* value_panel = values_of(operands, unit.b, set, kb, scratch.panel);
  to_come = fetch_keys(operands, unit.b, set, following);
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
                   padded_dim, to_come);
    first += rows;
    left -= rows;
  }
}

void attend(const Unit& unit) {
  const Scratch scratch(unit);
  begin(unit, scratch);
  for_each_live_block(unit, [&](size_t kb, size_t following) HWY_ATTR { attend_key_block(unit, scratch, kb, following); });
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

Status attention(const Operands& operands, const AttentionOptions& options, void* output,
                 const std::atomic<bool>* cancelled) {
  const Mask* mask = options.mask;
  if (mask != nullptr) {
    assert(mask->batch() == 1 || mask->batch() == operands.batch);
    assert(mask->heads() == operands.heads && mask->query_blocks() == operands.query_blocks &&
           mask->key_blocks() == operands.key_blocks);
    if (!every_query_has_a_live_key(operands, *mask)) return Status::kNoLiveKey;
  }
  const bool quantized = operands.quantized();
  const size_t scratch_floats = quantized ? quantized_scratch_floats(operands) : Scratch::floats(operands);
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  const size_t units_of_batch = operands.heads * operands.query_blocks;
  const UnitKernel kernel = quantized ? quantized_kernel() : HWY_DYNAMIC_DISPATCH(attend);
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
