// What both attention kernels do with the rows of a query block: begin, visit the live key blocks, add a bias, write.
#if defined(PAROATTN_ATTENTION_ROWS_OF_UNIT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_ROWS_OF_UNIT_INL_H_
#undef PAROATTN_ATTENTION_ROWS_OF_UNIT_INL_H_
#else
#define PAROATTN_ATTENTION_ROWS_OF_UNIT_INL_H_
#endif

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>

#include "bf16-inl.h"
#include "common/parallel.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "work_unit.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE void begin(const Unit& unit, const Scratch& scratch) {
  const F32 d;
  for (size_t i = 0; i < kBlock * (unit.operands.padded_dim + kPad); i += kLanes) {
    hn::Store(hn::Zero(d), d, scratch.accumulator + i);  // and the sums behind it
  }
  for (size_t r = 0; r < kBlock; ++r) scratch.references[r] = -FLT_MAX;
}

// Calls visit(kb, following) for the key blocks that the query block attends to, ascending; the last is followed by itself.
template <class Visit>
HWY_INLINE void for_each_live_block(const Unit& unit, const Visit& visit) {
  const Mask* mask = unit.options.mask;
  const size_t row = mask ? mask->row(unit.b, unit.h, unit.qb) : 0;
  const uint16_t* live = mask ? mask->live(row) : nullptr;
  const size_t count = mask ? mask->live_count(row) : unit.operands.key_blocks;
  const auto block = [&](size_t i) { return live ? live[i] : i; };
  for (size_t i = 0; i < count && !is_cancelled(unit.cancelled); ++i) visit(block(i), block(std::min(i + 1, count - 1)));
}

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

// out[0 .. head_dim) = factor * accumulator + residual. Number: float, or Bf16 for numbers of it.
template <class Number>
HWY_INLINE void write_row(const float* accumulator, float factor, const Number* residual, size_t head_dim, Number* out) {
  const F32 d;
  const VF32 factors = hn::Set(d, factor);
  size_t c = 0;
  if (residual != nullptr) {
    for (; c + kLanes <= head_dim; c += kLanes) {
      store(hn::MulAdd(factors, hn::Load(d, accumulator + c), load(d, residual + c)), d, out + c);
    }
    for (; c < head_dim; ++c) out[c] = narrowed<Number>(factor * accumulator[c] + widened(residual[c]));
  } else {
    for (; c + kLanes <= head_dim; c += kLanes) {
      store(hn::Mul(factors, hn::Load(d, accumulator + c)), d, out + c);
    }
    for (; c < head_dim; ++c) out[c] = narrowed<Number>(factor * accumulator[c]);
  }
}

// Divides the accumulators by the sums and scatters them, and the log-sum-exps, to sequence order.
HWY_INLINE void finish(const Unit& unit, const Scratch& scratch) {
  const Operands& operands = unit.operands;
  const AttentionOptions& options = unit.options;
  const uint32_t* gather = operands.indices(operands.order_of_head[unit.h]);
  const float* shifts = operands.logit_shifts(unit.b, unit.h, unit.qb);
  const F32 d;
  for (size_t r = 0; r < operands.query_rows(unit.qb); ++r) {
    const size_t token = Operands::source(gather, operands.query_starts[unit.qb] + r);
    const size_t scalar_at = (unit.b * operands.heads + unit.h) * operands.query_tokens + token;
    const size_t row_at =
        ((unit.b * operands.query_tokens + token) * operands.heads + unit.h) * operands.head_dim;
    const float sum = hn::GetLane(hn::SumOfLanes(d, hn::Load(d, scratch.sums + r * kPad)));
    const float row_scale = options.row_scale ? options.row_scale[scalar_at] : 1.0f;
    const auto write = [&](auto* output) HWY_ATTR {
      const auto* residual = static_cast<decltype(output)>(const_cast<void*>(options.residual));
      write_row(scratch.accumulator + r * operands.padded_dim, row_scale / sum, residual ? residual + row_at : nullptr,
                operands.head_dim, output + row_at);
    };
    if (operands.type == NumberType::kBf16) {
      write(static_cast<Bf16*>(unit.output));
    } else {
      write(static_cast<float*>(unit.output));
    }
    if (options.log_sum_exp != nullptr) {
      const double total = kLn2 * (scratch.references[r] + std::log2(static_cast<double>(sum)));
      options.log_sum_exp[scalar_at] =
          static_cast<float>(shifts ? total + static_cast<double>(shifts[r]) : total);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
