#include "operands.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>

namespace paroattn {
namespace attention {
namespace {

std::vector<uint32_t> copy_starts(const Partition& partition, size_t tokens) {
  std::vector<uint32_t> starts;
  if (partition.starts != nullptr) {
    starts.assign(partition.starts, partition.starts + partition.blocks + 1);
  } else {
    for (size_t start = 0; start < tokens; start += kBlock) starts.push_back(static_cast<uint32_t>(start));
    starts.push_back(static_cast<uint32_t>(tokens));
  }
  assert(starts.size() > 1 && starts.front() == 0 && starts.back() == tokens);
  return starts;
}

}  // namespace

Operands::Operands(const FrontOptions& options)
    : quantization(options.quantization),
      type(options.type),
      query_key_type(options.query_key_type),
      value_type(options.value_type),
      batch(options.batch),
      heads(options.heads),
      head_dim(options.head_dim),
      padded_dim(round_up(options.head_dim, kPad)),
      query_tokens(options.query_tokens),
      key_tokens(options.key_tokens),
      code_words(round_up(options.head_dim, 2 * kCodesPerWord) / kCodesPerWord),
      query_starts(copy_starts(options.query_partition, options.query_tokens)),
      key_starts(copy_starts(options.key_partition, options.key_tokens)),
      query_blocks(query_starts.size() - 1),
      key_blocks(key_starts.size() - 1),
      sequence_(std::max(options.query_tokens, options.key_tokens)),
      validity_batch_(options.key_lengths ? options.batch : 1) {
  assert(heads % options.key_value_heads == 0);
  assert(!quantized() || !narrow());
  std::iota(sequence_.begin(), sequence_.end(), 0u);
  choose_sets(options);
  const size_t query_panels = batch * heads * query_blocks, key_panels = batch * sets.size() * key_blocks;
  const bool codes = quantization.query_key_bits > 0, value_codes = quantization.value_bits > 0;
  // A word is as large as a float.
  const auto panels = [&](size_t count, size_t floats) {
    return AlignedBuffer(sizeof(float) * count * floats, options.allocator);
  };
  query_ = panels(query_panels, codes ? query_key_code_words() : kBlock * padded_dim);
  key_ = panels(key_panels, codes                                     ? query_key_code_words()
                            : query_key_type == NumberType::kBf16 ? key_pair_words()
                                                                  : kBlock * head_dim);
  value_ = panels(key_panels, value_codes                         ? value_code_words()
                              : value_type == NumberType::kBf16 ? value_pair_words()
                                                                : kBlock * padded_dim);
  exclusion_ = panels(validity_batch_ * orders.size() * key_blocks, kBlock);
  mark_valid_keys(options);
  allocate_factors(options.allocator);
}

void Operands::allocate_factors(const Allocator& allocator) {
  const auto floats = [&](size_t count) { return AlignedBuffer(sizeof(float) * count, allocator); };
  if (quantization.query_key_bits > 0) {
    query_factors_.resize(batch * heads * query_blocks);
    key_factors_.resize(batch * sets.size() * key_blocks);
    if (quantization.smooth_keys) logit_shifts_ = floats(batch * heads * query_blocks * kBlock);
  }
  if (quantization.value_bits > 0) {
    value_factors_ = floats(batch * sets.size() * key_blocks * padded_dim);
    if (quantization.rank1_values) channel_factors_ = floats(batch * sets.size() * padded_dim);
  }
}

void Operands::choose_sets(const FrontOptions& options) {
  const size_t distinct = std::max<size_t>(options.orders.distinct, 1);
  orders.resize(distinct);
  for (size_t order = 0; order < options.orders.distinct; ++order) {
    const uint32_t* indices = options.orders.indices[order];
    if (indices != nullptr) orders[order].assign(indices, indices + query_tokens);
  }
  assert(options.orders.distinct == 0 || query_tokens == key_tokens);
  const size_t group = heads / options.key_value_heads;
  for (size_t h = 0; h < heads; ++h) {
    const uint32_t order = options.orders.distinct > 0 ? options.orders.choice[h] : 0;
    assert(order < distinct);
    const uint32_t head = static_cast<uint32_t>(h / group);
    const auto found = std::find_if(sets.begin(), sets.end(), [&](const KeyValueSet& set) {
      return set.head == head && set.order == order;
    });
    order_of_head.push_back(order);
    set_of_head.push_back(static_cast<uint32_t>(found - sets.begin()));
    if (found == sets.end()) sets.push_back({head, order});
  }
}

void Operands::mark_valid_keys(const FrontOptions& options) {
  validity_.resize(validity_batch_ * orders.size() * key_blocks);
  float* exclusion = exclusion_.floats();
  for (size_t row = 0; row < validity_.size(); ++row, exclusion += kBlock) {
    const size_t kb = row % key_blocks;
    const uint32_t* gather = indices(row / key_blocks % orders.size());
    const size_t b = row / key_blocks / orders.size();
    const size_t length = options.key_lengths ? options.key_lengths[b] : key_tokens;
    Validity valid = {0, 0};
    for (size_t slot = 0; slot < kBlock; ++slot) {
      const bool ok = slot < key_rows(kb) && source(gather, key_starts[kb] + slot) < length;
      exclusion[slot] = ok ? 0.0f : -std::numeric_limits<float>::infinity();
      if (!ok) continue;
      ++valid.count;
      valid.extent = static_cast<uint8_t>(slot + 1);
    }
    validity_[row] = valid;
  }
}

void OperandsDeleter::operator()(Operands* operands) const noexcept { delete operands; }

OperandsShape shape_of(const Operands& operands) noexcept {
  return {operands.batch,        operands.heads,      operands.head_dim,      operands.query_tokens,
          operands.key_tokens,   operands.query_blocks, operands.key_blocks, operands.panel_bytes(), operands.type};
}

}  // namespace attention
}  // namespace paroattn
