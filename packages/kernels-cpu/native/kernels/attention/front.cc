// The fused front: gathers the rows of each head in its own token order, normalises and rotates them, and writes the
// packed panels. Reordering costs nothing extra: it only changes the address a row is read from.
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
#include "micro_kernel-inl.h"
#include "row_transform-inl.h"
#include "transpose-inl.h"

#ifndef PAROATTN_ATTENTION_FRONT_UNIT_
#define PAROATTN_ATTENTION_FRONT_UNIT_
namespace paroattn {
namespace attention {
namespace {

struct FrontUnit {
  const FrontOptions& options;
  const Operands& operands;
  const RowTransform& transform;  // of the queries, or of the keys
  size_t b, head, block;          // head: of the query, or the key/value set
  float* scratch;                 // [64][padded_dim]
};

}  // namespace
}  // namespace attention
}  // namespace paroattn
#endif

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {

// Rows of one head lie far apart, in any order: the hardware does not foresee them.
constexpr size_t kRowsAhead = 8;

HWY_INLINE void fetch_row(const float* row, size_t floats) {
  for (size_t c = 0; c < floats; c += 16) hwy::Prefetch(row + c);
}

HWY_INLINE void fetch_rotary(const RowTransform& transform, size_t token) {
  if (transform.cosine == nullptr) return;
  const size_t half = transform.head_dim / 2;
  fetch_row(transform.cosine + token * half, half);
  fetch_row(transform.sine + token * half, half);
}

HWY_INLINE void clear_row(float* row, size_t padded_dim) { std::memset(row, 0, padded_dim * sizeof(float)); }

void pack_query(const FrontUnit& unit) {
  const FrontOptions& options = unit.options;
  const Operands& operands = unit.operands;
  const uint32_t* gather = operands.indices(operands.order_of_head[unit.head]);
  float* panel = operands.query_panel(unit.b, unit.head, unit.block);
  const size_t rows = operands.query_rows(unit.block), start = operands.query_starts[unit.block];
  const auto row_of = [&](size_t token) {
    return options.query + ((unit.b * operands.query_tokens + token) * operands.heads + unit.head) * operands.head_dim;
  };
  for (size_t r = 0; r < kBlock; ++r, panel += operands.padded_dim) {
    if (r + kRowsAhead < rows) {
      const size_t ahead = Operands::source(gather, start + r + kRowsAhead);
      fetch_row(row_of(ahead), operands.head_dim);
      fetch_rotary(unit.transform, ahead);
    }
    if (r < rows) {
      const size_t token = Operands::source(gather, start + r);
      transform_row(unit.transform, row_of(token), token, panel);
    } else {
      clear_row(panel, operands.padded_dim);
    }
  }
}

// Keys past the valid ones become zero, so that no garbage of theirs (NaN, infinity) reaches a product.
void pack_key_value(const FrontUnit& unit) {
  const FrontOptions& options = unit.options;
  const Operands& operands = unit.operands;
  const KeyValueSet& set = operands.sets[unit.head];
  const uint32_t* gather = operands.indices(set.order);
  const size_t padded_dim = operands.padded_dim, head_dim = operands.head_dim;
  const float* exclusion = operands.exclusion(unit.b, set.order, unit.block);
  float* values = operands.value_panel(unit.b, unit.head, unit.block);
  const size_t rows = operands.key_rows(unit.block), start = operands.key_starts[unit.block];
  const auto row_of = [&](size_t token) {
    return ((unit.b * operands.key_tokens + token) * options.key_value_heads + set.head) * head_dim;
  };
  for (size_t r = 0; r < kBlock; ++r) {
    if (r + kRowsAhead < rows) {
      const size_t ahead = Operands::source(gather, start + r + kRowsAhead);
      fetch_row(options.key + row_of(ahead), head_dim);
      fetch_row(options.value + row_of(ahead), head_dim);
      fetch_rotary(unit.transform, ahead);
    }
    float* key_row = unit.scratch + r * padded_dim;
    float* value_row = values + r * padded_dim;
    if (exclusion[r] != 0.0f) {
      clear_row(key_row, padded_dim);
      clear_row(value_row, padded_dim);
      continue;
    }
    const size_t token = Operands::source(gather, start + r), row = row_of(token);
    transform_row(unit.transform, options.key + row, token, key_row);
    std::memcpy(value_row, options.value + row, head_dim * sizeof(float));
    std::memset(value_row + head_dim, 0, (padded_dim - head_dim) * sizeof(float));
  }
  transpose_rows(unit.scratch, padded_dim, head_dim, operands.key_panel(unit.b, unit.head, unit.block));
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

void pack(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands) {
  const RowTransform query_transform(options, options.norm.query_weight, options.norm.query_bias,
                                     static_cast<float>(options.scale * kLog2E));
  const RowTransform key_transform(options, options.norm.key_weight, options.norm.key_bias, 1.0f);
  const size_t scratch_floats = kBlock * operands->padded_dim;
  const AlignedBuffer scratch(sizeof(float) * scratch_floats * thread_count());
  const auto query_kernel = HWY_DYNAMIC_DISPATCH(pack_query);
  const auto key_value_kernel = HWY_DYNAMIC_DISPATCH(pack_key_value);

  // Heads innermost: the rows of a block of tokens are read while their pages are at hand.
  const size_t query_units = options.batch * operands->query_blocks * operands->heads;
  const size_t sets = operands->sets.size();
  const size_t key_units = options.batch * operands->key_blocks * sets;
  parallel_units(query_units + key_units, cancelled, [&](size_t index, size_t thread) {
    float* rows = scratch.floats() + thread * scratch_floats;
    if (index < query_units) {
      const size_t block = index / operands->heads;
      query_kernel({options, *operands, query_transform, block / operands->query_blocks, index % operands->heads,
                    block % operands->query_blocks, rows});
    } else {
      const size_t block = (index - query_units) / sets;
      key_value_kernel({options, *operands, key_transform, block / operands->key_blocks, (index - query_units) % sets,
                        block % operands->key_blocks, rows});
    }
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
