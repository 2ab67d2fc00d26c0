// The fused front: gathers the rows of each head in its own token order, normalises and rotates them, and writes the
// packed panels. Reordering costs nothing extra: it only changes the address a row is read from.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "attention.h"
#include "common/parallel.h"
#include "common/targets.h"
#include "operands.h"
#include "quantized_front.h"
#include "row_transform.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "front.cc"
#include "hwy/foreach_target.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "bf16-inl.h"
#include "micro_kernel-inl.h"
#include "panel_writer-inl.h"
#include "row_transform-inl.h"

#ifndef PAROATTN_ATTENTION_FRONT_UNIT_
#define PAROATTN_ATTENTION_FRONT_UNIT_
namespace paroattn {
namespace attention {
namespace {

// Makes a power of two of q·k.
float logit_scale(const FrontOptions& options) { return static_cast<float>(options.scale * kLog2E); }

// A block of tokens in some heads (or sets of keys and values).
struct FrontUnit {
  const FrontOptions& options;
  const Operands& operands;
  const RowTransform& transform;  // of the queries, or of the keys
  size_t b, block, first_head, heads;
  bool stream;     // past the caches
  float* scratch;  // [16][padded_dim], its padding zero
};

}  // namespace
}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {

Rows query_rows(const FrontUnit& unit, size_t head) {
  const Operands& operands = unit.operands;
  const size_t width = operands.heads * operands.head_dim;
  return {operands.tokens(operands.order_of_head[head], operands.query_starts[unit.block]),
          present_rows(operands.query_rows(unit.block), nullptr),
          unit.b * operands.query_tokens * width + head * operands.head_dim, width};
}

// Of keys and values. Invalid keys become zero, so that no garbage of theirs (NaN, infinity) reaches a product.
Rows key_rows(const FrontUnit& unit, size_t set) {
  const Operands& operands = unit.operands;
  const auto [head, order] = operands.sets[set];
  const size_t count = operands.key_rows(unit.block), width = unit.options.key_value_heads * operands.head_dim;
  const bool all_valid = operands.validity(unit.b, order, unit.block).count == count;
  return {operands.tokens(order, operands.key_starts[unit.block]),
          present_rows(count, all_valid ? nullptr : operands.exclusion(unit.b, order, unit.block)),
          unit.b * operands.key_tokens * width + head * operands.head_dim, width};
}

// Calls pack(head, first, group, next) for 16 rows after 16 rows, of one head after the other; `next` is what follows.
template <class RowsOf, class Pack>
HWY_INLINE void for_each_group(const FrontUnit& unit, const RowsOf& rows_of, const Pack& pack) {
  const size_t end = unit.first_head + unit.heads;
  Rows rows = rows_of(unit, unit.first_head);
  for (size_t head = unit.first_head; head < end; ++head) {
    const Rows following = head + 1 < end ? rows_of(unit, head + 1) : Rows{};
    for (size_t first = 0; first < kBlock; first += kGroup) {
      const RowGroup next = first + kGroup < kBlock ? RowGroup{&rows, first + kGroup} : RowGroup{&following, 0};
      pack(head, first, RowGroup{&rows, first}, next);
    }
    rows = following;
  }
}

template <bool kStream>
HWY_INLINE void pack_queries(const FrontUnit& unit) {
  const size_t padded_dim = unit.operands.padded_dim;
  // Rows that are neither padded nor streamed need no stop on their way.
  const bool in_place = !kStream && padded_dim == unit.operands.head_dim;
  const Side side = {unit.transform, {unit.options.query, unit.options.type}};
  const bool rounds = unit.operands.query_key_type == NumberType::kBf16;
  for_each_group(unit, query_rows, [&](size_t head, size_t first, RowGroup group, RowGroup next) HWY_ATTR {
    float* panel = unit.operands.query_panel(unit.b, head, unit.block) + first * padded_dim;
    float* rows = in_place ? panel : unit.scratch;
    transform_rows(side, group, next, rows);
    if (rounds) round_and_scale(rows, kGroup * padded_dim, logit_scale(unit.options));
    if (!in_place) put_all<kStream>(unit.scratch, kGroup * padded_dim, panel);
  });
}

// A value of a group, [padded_dim], where it lies or else in `room`, whose padding is zero.
HWY_INLINE const float* value_row(const FrontUnit& unit, const RowGroup& group, size_t r, float* room) {
  if (!group.has(r)) return unit.transform.zeros.data();
  const Source values = {unit.options.value, unit.options.type};
  const size_t head_dim = unit.operands.head_dim;
  if (values.type == NumberType::kF32 && head_dim == unit.operands.padded_dim) {
    return static_cast<const float*>(values.row(group.at(r)));
  }
  values.copy_row(group.at(r), head_dim, room);
  return room;
}

template <bool kStream>
HWY_INLINE void pack_values(const FrontUnit& unit, const RowGroup& group, const RowGroup& next, size_t set, size_t first) {
  const Operands& operands = unit.operands;
  const Source values = {unit.options.value, unit.options.type};
  const size_t padded_dim = operands.padded_dim;
  const bool pairs = operands.value_type == NumberType::kBf16;
  for (size_t r = 0; r < kGroup; r += 2) {
    for (size_t ahead = r; ahead < r + 2; ++ahead) values.fetch_row(next, ahead, operands.head_dim);
    const float* low = value_row(unit, group, r, unit.scratch);
    const float* high = value_row(unit, group, r + 1, unit.scratch + padded_dim);
    if (pairs) {
      uint32_t* panel = operands.value_pairs(unit.b, set, unit.block) + (first + r) / 2 * padded_dim;
      put_pairs<kStream>(low, high, padded_dim, panel);
    } else {
      float* panel = operands.value_panel(unit.b, set, unit.block) + (first + r) * padded_dim;
      put_all<kStream>(low, padded_dim, panel);
      put_all<kStream>(high, padded_dim, panel + padded_dim);
    }
  }
}

template <bool kStream>
HWY_INLINE void pack_keys_and_values(const FrontUnit& unit) {
  const Operands& operands = unit.operands;
  const size_t padded_dim = operands.padded_dim, head_dim = operands.head_dim;
  const bool pairs = operands.query_key_type == NumberType::kBf16;
  const Side side = {unit.transform, {unit.options.key, unit.options.type}};
  for_each_group(unit, key_rows, [&](size_t set, size_t first, RowGroup group, RowGroup next) HWY_ATTR {
    transform_rows(side, group, next, unit.scratch);
    if (pairs) {
      put_transposed_pairs<kStream>(unit.scratch, padded_dim, head_dim, operands.key_pairs(unit.b, set, unit.block) + first);
    } else {
      put_transposed<kStream>(unit.scratch, padded_dim, head_dim, operands.key_panel(unit.b, set, unit.block) + first);
    }
    pack_values<kStream>(unit, group, next, set, first);
  });
}

void pack_query(const FrontUnit& unit) {
  unit.stream ? pack_queries<true>(unit) : pack_queries<false>(unit);
  if (unit.stream) hwy::FlushStream();
}

void pack_key_value(const FrontUnit& unit) {
  unit.stream ? pack_keys_and_values<true>(unit) : pack_keys_and_values<false>(unit);
  if (unit.stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paroattn {
namespace attention {

HWY_EXPORT(pack_query);
HWY_EXPORT(pack_key_value);

namespace {

// Panels that are larger than this together are gone from the caches before a kernel reads them.
constexpr size_t kMostInCaches = size_t{8} << 20;
// Heads packed at a time: their rows in a block of tokens are read while their pages are at hand.
constexpr size_t kHeadsAtOnce = 8;

// Blocks of tokens in up to eight heads (or sets of keys and values).
struct Work {
  size_t b, block, first_head, heads;
};

class WorkList {
 public:
  WorkList(size_t batch, size_t blocks, size_t heads)
      : blocks_(blocks), heads_(heads), parts_((heads + kHeadsAtOnce - 1) / kHeadsAtOnce), size_(batch * blocks * parts_) {}
  size_t size() const { return size_; }
  Work operator[](size_t index) const {
    const size_t block = index / parts_, first = index % parts_ * kHeadsAtOnce;
    return {block / blocks_, block % blocks_, first, std::min(kHeadsAtOnce, heads_ - first)};
  }

 private:
  size_t blocks_, heads_, parts_, size_;
};

void pack(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands) {
  // What is rounded is scaled afterwards.
  const bool rounds = operands->query_key_type == NumberType::kBf16;
  const RowTransform query_transform(options, options.norm.query_weight, options.norm.query_bias,
                                     rounds ? 1.0f : logit_scale(options));
  const RowTransform key_transform(options, options.norm.key_weight, options.norm.key_bias, 1.0f);
  const size_t scratch_floats = kGroup * operands->padded_dim;
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  std::memset(scratch.data(), 0, scratch.bytes());
  const bool stream = operands->panel_bytes() > kMostInCaches;
  const auto query_kernel = HWY_DYNAMIC_DISPATCH(pack_query);
  const auto key_value_kernel = HWY_DYNAMIC_DISPATCH(pack_key_value);
  const WorkList query_units(options.batch, operands->query_blocks, operands->heads);
  const WorkList key_units(options.batch, operands->key_blocks, operands->sets.size());
  // Keys and values first: they are twice the work of queries, and what is left at the very end should be short.
  parallel_units(key_units.size() + query_units.size(), cancelled, [&](size_t index, size_t thread) {
    const bool query = index >= key_units.size();
    const Work work = query ? query_units[index - key_units.size()] : key_units[index];
    (query ? query_kernel : key_value_kernel)({options, *operands, query ? query_transform : key_transform, work.b,
                                               work.block, work.first_head, work.heads, stream,
                                               scratch.floats() + thread * scratch_floats});
  });
}

}  // namespace

OperandsPtr prepare_attention(const FrontOptions& options, const std::atomic<bool>* cancelled, Status* status) {
  assert(options.rotary.cosine == nullptr ||
         (options.query_tokens == options.key_tokens && options.head_dim % 2 == 0));
  OperandsPtr operands(new Operands(options));
  if (operands->quantized()) {
    pack_quantized(options, cancelled, operands.get());
  } else {
    pack(options, cancelled, operands.get());
  }
  *status = is_cancelled(cancelled) ? Status::kCancelled : Status::kOk;
  if (*status != Status::kOk) operands.reset();
  return operands;
}

}  // namespace attention
}  // namespace paroattn
#endif  // HWY_ONCE
