// A random attention problem that owns its tensors.
#ifndef PAROATTN_TEST_PROBLEM_H_
#define PAROATTN_TEST_PROBLEM_H_

#include <string>
#include <vector>

#include "attention.h"
#include "checks.h"

struct Traits {
  size_t batch = 1, query_tokens = 64, key_tokens = 64, heads = 1, key_value_heads = 1, head_dim = 64;
  size_t text = 0;      // tokens in front of the grid: they start a block of their own and are not reordered
  size_t distinct = 0;  // orders; 0: none
  paroattn::attention::NormKind norm = paroattn::attention::NormKind::kNone;
  bool weights = false;
  int rotary = 0;       // 1: interleaved, 2: half
  bool key_lengths = false;
  float magnitude = 1;  // of queries: large ones make the softmax sharp
  float mean = 0;       // of queries and keys
};

struct Problem {
  Problem(const Traits& traits, Random& random) {
    using namespace paroattn::attention;
    const size_t dim = traits.head_dim, tokens = traits.query_tokens;
    query = random.normals(traits.batch * tokens * traits.heads * dim, traits.magnitude);
    key = random.normals(traits.batch * traits.key_tokens * traits.key_value_heads * dim);
    for (auto* table : {&query, &key}) {
      for (float& x : *table) x += traits.mean;
    }
    value = random.normals(traits.batch * traits.key_tokens * traits.key_value_heads * dim);
    for (auto* table : {&query_weight, &key_weight, &query_bias, &key_bias}) *table = random.normals(dim);
    query_starts = starts_of(traits.text, tokens);
    key_starts = starts_of(traits.text, traits.key_tokens);
    options.query = query.data();
    options.key = key.data();
    options.value = value.data();
    options.batch = traits.batch;
    options.query_tokens = tokens;
    options.key_tokens = traits.key_tokens;
    options.heads = traits.heads;
    options.key_value_heads = traits.key_value_heads;
    options.head_dim = dim;
    options.scale = 1.0f / std::sqrt(static_cast<float>(dim));
    options.query_partition = {query_starts.data(), query_starts.size() - 1};
    options.key_partition = {key_starts.data(), key_starts.size() - 1};
    for (size_t order = 0; order < traits.distinct; ++order) {
      orders.push_back(random.permutation(tokens, traits.text));
    }
    for (size_t order = 0; order < traits.distinct; ++order) {
      order_pointers.push_back(order == 0 ? nullptr : orders[order].data());
    }
    for (size_t h = 0; h < traits.heads; ++h) {
      choice.push_back(traits.distinct ? random.below(static_cast<uint32_t>(traits.distinct)) : 0);
    }
    options.orders = {order_pointers.data(), traits.distinct, choice.data()};
    options.norm.kind = traits.norm;
    options.norm.epsilon = 1e-5f;
    if (traits.weights) {
      options.norm.query_weight = query_weight.data();
      options.norm.key_weight = key_weight.data();
      options.norm.query_bias = query_bias.data();
      options.norm.key_bias = key_bias.data();
    }
    if (traits.rotary) {
      for (size_t i = 0; i < tokens * dim / 2; ++i) {
        const double angle = i / (dim / 2) < traits.text ? 0 : 6.28 * random.uniform();
        cosine.push_back(static_cast<float>(std::cos(angle)));
        sine.push_back(static_cast<float>(std::sin(angle)));
      }
      options.rotary = {cosine.data(), sine.data(),
                        traits.rotary == 1 ? RotaryPairing::kInterleaved : RotaryPairing::kHalf};
    }
    if (traits.key_lengths) {
      for (size_t b = 0; b < traits.batch; ++b) {
        key_lengths.push_back(1 + random.below(static_cast<uint32_t>(traits.key_tokens)));
      }
      options.key_lengths = key_lengths.data();
      spoil_invalid_keys(traits);
    }
  }
  Problem(const Problem&) = delete;

  static std::vector<uint32_t> starts_of(size_t text, size_t tokens) {
    std::vector<uint32_t> starts;
    for (size_t t = 0; t < text; t += 64) starts.push_back(static_cast<uint32_t>(t));
    for (size_t t = text; t < tokens; t += 64) starts.push_back(static_cast<uint32_t>(t));
    starts.push_back(static_cast<uint32_t>(tokens));
    return starts;
  }

  // Garbage behind the valid keys must never reach a result.
  void spoil_invalid_keys(const Traits& traits) {
    const size_t row = traits.key_value_heads * traits.head_dim;
    for (size_t b = 0; b < traits.batch; ++b) {
      for (size_t i = key_lengths[b] * row; i < traits.key_tokens * row; ++i) {
        key[b * traits.key_tokens * row + i] = NAN;
        value[b * traits.key_tokens * row + i] = i % 2 ? NAN : INFINITY;
      }
    }
  }

  const uint32_t* indices(size_t h) const { return order_pointers.empty() ? nullptr : order_pointers[choice[h]]; }

  std::vector<float> query, key, value, query_weight, key_weight, query_bias, key_bias, cosine, sine;
  std::vector<uint32_t> query_starts, key_starts, choice, key_lengths;
  std::vector<std::vector<uint32_t>> orders;
  std::vector<const uint32_t*> order_pointers;
  paroattn::attention::FrontOptions options;
};

// Random live blocks for every head of `batch` rows; a query block may be left without any.
inline std::vector<uint8_t> random_mask(Random& random, size_t batch, size_t heads, size_t query_blocks,
                                        size_t key_blocks, double density) {
  const size_t head_bytes = (query_blocks * key_blocks + 7) / 8;
  std::vector<uint8_t> bits(batch * heads * head_bytes);
  for (size_t head = 0; head < batch * heads; ++head) {
    for (size_t i = 0; i < query_blocks * key_blocks; ++i) {
      if (random.chance(density)) bits[head * head_bytes + i / 8] |= static_cast<uint8_t>(1 << (i % 8));
    }
  }
  return bits;
}

inline bool is_live(const std::vector<uint8_t>& bits, size_t head, size_t query_blocks, size_t key_blocks, size_t qb,
                    size_t kb) {
  const size_t bit = qb * key_blocks + kb;
  return bits[head * ((query_blocks * key_blocks + 7) / 8) + bit / 8] >> (bit % 8) & 1;
}

#endif  // PAROATTN_TEST_PROBLEM_H_
