// The packed form of queries, keys and values, which the front writes and the kernels read.
#ifndef PAROATTN_ATTENTION_OPERANDS_H_
#define PAROATTN_ATTENTION_OPERANDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attention.h"
#include "common/aligned_buffer.h"

namespace paroattn {
namespace attention {

// Panels are padded to this many floats whatever the vector width, so that all targets read the same memory.
constexpr size_t kPad = 16;
// Codes lie in words of four, a byte each, the first in the low byte.
constexpr size_t kCodesPerWord = 4;
constexpr double kLog2E = 1.4426950408889634;
constexpr double kLn2 = 0.6931471805599453;

constexpr size_t round_up(size_t value, size_t multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}

// One packed set of keys and values: grouped heads share it if they also share the token order.
struct KeyValueSet {
  uint32_t head;   // of key and value
  uint32_t order;
};

class Operands {
 public:
  Operands(const FrontOptions& options);

  // Query rows of one block, [64][padded_dim], scaled by scale * log2(e); rows past the block's end are zero.
  float* query_panel(size_t b, size_t h, size_t qb) const noexcept {
    return query_.floats() + ((b * heads + h) * query_blocks + qb) * kBlock * padded_dim;
  }
  // Keys of one block transposed: [head_dim][64]; invalid keys are zero.
  float* key_panel(size_t b, size_t set, size_t kb) const noexcept {
    return key_.floats() + ((b * sets.size() + set) * key_blocks + kb) * kBlock * head_dim;
  }
  // Values of one block: [64][padded_dim]; invalid keys are zero.
  float* value_panel(size_t b, size_t set, size_t kb) const noexcept {
    return value_.floats() + ((b * sets.size() + set) * key_blocks + kb) * kBlock * padded_dim;
  }

  // The same in bf16, two to a word, the first in the low half: channels 2i and 2i + 1 of a key, [(head_dim + 1) / 2][64], a
  // channel behind head_dim being zero; and keys 2i and 2i + 1 of a channel, [32][padded_dim].
  uint32_t* key_pairs(size_t b, size_t set, size_t kb) const noexcept {
    return key_.words() + ((b * sets.size() + set) * key_blocks + kb) * key_pair_words();
  }
  uint32_t* value_pairs(size_t b, size_t set, size_t kb) const noexcept {
    return value_.words() + ((b * sets.size() + set) * key_blocks + kb) * value_pair_words();
  }

  // The same in words of codes, where the operands are quantized. With 4 bits two words share one: word i of n / 2 has code
  // + 8 of word i in the low half of each byte, and of word n / 2 + i in the high half.
  //
  // Queries: [64][code_words], channels 4w .. 4w + 3 of a row.
  uint32_t* query_codes(size_t b, size_t h, size_t qb) const noexcept {
    return query_.words() + ((b * heads + h) * query_blocks + qb) * query_key_code_words();
  }
  // Keys: [code_words][64], channels 4w .. 4w + 3 of a key. With 8 bits code + 128.
  uint32_t* key_codes(size_t b, size_t set, size_t kb) const noexcept {
    return key_.words() + ((b * sets.size() + set) * key_blocks + kb) * query_key_code_words();
  }
  // Values: [16][padded_dim], keys w, 16 + w, 32 + w and 48 + w of a channel.
  uint32_t* value_codes(size_t b, size_t set, size_t kb) const noexcept {
    return value_.words() + ((b * sets.size() + set) * key_blocks + kb) * value_code_words();
  }

  // With codes of queries and keys: what makes a logit, in powers of two, of a sum of their products.
  float& query_factor(size_t b, size_t h, size_t qb) noexcept {
    return query_factors_[(b * heads + h) * query_blocks + qb];
  }
  float& key_factor(size_t b, size_t set, size_t kb) noexcept {
    return key_factors_[(b * sets.size() + set) * key_blocks + kb];
  }
  float logit_factor(size_t b, size_t h, size_t qb, size_t kb) const noexcept {
    return query_factors_[(b * heads + h) * query_blocks + qb] *
           key_factors_[(b * sets.size() + set_of_head[h]) * key_blocks + kb];
  }
  // scale * q·mean of the query rows of a block, [64], where a mean was taken off the keys; else null.
  float* logit_shifts(size_t b, size_t h, size_t qb) const noexcept {
    return logit_shifts_.data() ? logit_shifts_.floats() + ((b * heads + h) * query_blocks + qb) * kBlock : nullptr;
  }
  // With codes of values: the scale of each channel in a block, [padded_dim] (with rank 1 that of the block, in each).
  float* value_factors(size_t b, size_t set, size_t kb) const noexcept {
    return value_factors_.floats() + ((b * sets.size() + set) * key_blocks + kb) * padded_dim;
  }
  // With rank 1: the scale of each channel, [padded_dim]; else null.
  float* channel_factors(size_t b, size_t set) const noexcept {
    return channel_factors_.data() ? channel_factors_.floats() + (b * sets.size() + set) * padded_dim : nullptr;
  }

  // Gather indices of an order, or null for the identity.
  const uint32_t* indices(size_t order) const noexcept {
    return orders[order].empty() ? nullptr : orders[order].data();
  }
  // The tokens of an order, from its place `start` on.
  const uint32_t* tokens(size_t order, size_t start) const noexcept {
    return (orders[order].empty() ? sequence_ : orders[order]).data() + start;
  }
  static uint32_t source(const uint32_t* indices, size_t token) noexcept {
    return indices ? indices[token] : static_cast<uint32_t>(token);
  }

  size_t query_rows(size_t qb) const noexcept { return query_starts[qb + 1] - query_starts[qb]; }
  size_t key_rows(size_t kb) const noexcept { return key_starts[kb + 1] - key_starts[kb]; }

  // Valid keys of a block, and one past its last valid slot.
  struct Validity {
    uint8_t count;
    uint8_t extent;
  };
  Validity validity(size_t b, size_t order, size_t kb) const noexcept {
    return validity_[(validity_row(b) * orders.size() + order) * key_blocks + kb];
  }
  // What to add to the logits of a block: 0 where the key is valid, -infinity elsewhere, [64].
  const float* exclusion(size_t b, size_t order, size_t kb) const noexcept {
    return exclusion_.floats() + ((validity_row(b) * orders.size() + order) * key_blocks + kb) * kBlock;
  }

  size_t panel_bytes() const noexcept {
    return query_.bytes() + key_.bytes() + value_.bytes() + exclusion_.bytes() + logit_shifts_.bytes() +
           value_factors_.bytes() + channel_factors_.bytes();
  }

  bool quantized() const noexcept { return quantization.query_key_bits > 0 || quantization.value_bits > 0; }

  // Whether some panels are to be widened.
  bool narrow() const noexcept { return query_key_type == NumberType::kBf16 || value_type == NumberType::kBf16; }

  const Quantization quantization;
  const NumberType type, query_key_type, value_type;
  const size_t batch, heads, head_dim, padded_dim, query_tokens, key_tokens;
  const size_t code_words;  // of a query or key, an even number: channels behind head_dim have the code 0
  std::vector<uint32_t> query_starts, key_starts;
  size_t query_blocks, key_blocks;
  std::vector<std::vector<uint32_t>> orders;  // [distinct], empty: identity
  std::vector<uint32_t> order_of_head;        // [heads]
  std::vector<KeyValueSet> sets;
  std::vector<uint32_t> set_of_head;          // [heads]

 private:
  // Without key lengths all batch rows have the same valid keys.
  size_t validity_row(size_t b) const noexcept { return validity_batch_ == 1 ? 0 : b; }
  // Words of a block.
  size_t key_pair_words() const noexcept { return kBlock * ((head_dim + 1) / 2); }
  size_t value_pair_words() const noexcept { return kBlock / 2 * padded_dim; }
  size_t query_key_code_words() const noexcept { return kBlock * code_words * quantization.query_key_bits / 8; }
  size_t value_code_words() const noexcept {
    return kBlock / kCodesPerWord * padded_dim * quantization.value_bits / 8;
  }
  void choose_sets(const FrontOptions& options);
  void mark_valid_keys(const FrontOptions& options);
  void allocate_factors(const Allocator& allocator);

  std::vector<uint32_t> sequence_;  // 0, 1, 2, ..., as many as there are queries or keys
  size_t validity_batch_;
  std::vector<Validity> validity_;
  AlignedBuffer query_, key_, value_, exclusion_;
  std::vector<float> query_factors_, key_factors_;
  AlignedBuffer logit_shifts_, value_factors_, channel_factors_;
};

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_OPERANDS_H_
