// Attention as the formulas say, in double: the oracle of the tests.
#ifndef PAROATTN_TEST_NAIVE_H_
#define PAROATTN_TEST_NAIVE_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "attention.h"

namespace naive {

using paroattn::attention::FrontOptions;
using paroattn::attention::NormKind;
using paroattn::attention::RotaryPairing;

using Rows = std::vector<std::vector<double>>;

// The oracle's tensors are f32.
inline const float* floats(const void* tensor) { return static_cast<const float*>(tensor); }

inline std::vector<double> transform(const FrontOptions& o, const float* x, size_t token, bool is_query) {
  const size_t n = o.head_dim;
  std::vector<double> row(x, x + n);
  if (o.norm.kind != NormKind::kNone) {
    double mean = 0, square = 0;
    if (o.norm.kind == NormKind::kLayer) {
      for (double v : row) mean += v / static_cast<double>(n);
    }
    for (double v : row) square += (v - mean) * (v - mean) / static_cast<double>(n);
    const float* weight = is_query ? o.norm.query_weight : o.norm.key_weight;
    const float* bias = is_query ? o.norm.query_bias : o.norm.key_bias;
    for (size_t c = 0; c < n; ++c) {
      row[c] = (row[c] - mean) / std::sqrt(square + static_cast<double>(o.norm.epsilon));
      if (weight) row[c] *= static_cast<double>(weight[c]);
      if (bias && o.norm.kind == NormKind::kLayer) row[c] += static_cast<double>(bias[c]);
    }
  }
  if (o.rotary.cosine != nullptr) {
    const std::vector<double> old = row;
    const size_t half = n / 2;
    for (size_t i = 0; i < half; ++i) {
      const bool interleaved = o.rotary.pairing == RotaryPairing::kInterleaved;
      const size_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + half;
      const double cos = static_cast<double>(o.rotary.cosine[token * half + i]);
      const double sin = static_cast<double>(o.rotary.sine[token * half + i]);
      row[a] = old[a] * cos - old[b] * sin;
      row[b] = old[a] * sin + old[b] * cos;
    }
  }
  return row;
}

// Where a token (sequence order) stands in the order of a head: its block.
inline std::vector<size_t> blocks_of_tokens(const uint32_t* indices, const std::vector<uint32_t>& starts) {
  std::vector<size_t> block(starts.back());
  for (size_t i = 0, b = 0; i < block.size(); ++i) {
    while (i >= starts[b + 1]) ++b;
    block[indices ? indices[i] : i] = b;
  }
  return block;
}

// Logits of head h of batch row b in sequence order, [query_tokens][key_tokens]; -infinity where the key is not valid.
inline Rows logits(const FrontOptions& o, const float* bias, size_t b, size_t h) {
  const size_t kv = h / (o.heads / o.key_value_heads);
  Rows queries, keys, result(o.query_tokens, std::vector<double>(o.key_tokens));
  for (size_t t = 0; t < o.query_tokens; ++t) {
    queries.push_back(transform(o, floats(o.query) + ((b * o.query_tokens + t) * o.heads + h) * o.head_dim, t, true));
  }
  for (size_t t = 0; t < o.key_tokens; ++t) {
    keys.push_back(transform(o, floats(o.key) + ((b * o.key_tokens + t) * o.key_value_heads + kv) * o.head_dim, t, false));
  }
  const size_t length = o.key_lengths ? o.key_lengths[b] : o.key_tokens;
  for (size_t i = 0; i < o.query_tokens; ++i) {
    for (size_t j = 0; j < o.key_tokens; ++j) {
      double dot = 0;
      for (size_t c = 0; c < o.head_dim; ++c) dot += queries[i][c] * keys[j][c];
      result[i][j] = dot * static_cast<double>(o.scale);
      if (bias) result[i][j] += static_cast<double>(bias[(h * o.query_tokens + i) * o.key_tokens + j]);
      if (j >= length) result[i][j] = -INFINITY;
    }
  }
  return result;
}

// Turns logits into probabilities, row by row; returns the natural log-sum-exp of each row.
inline std::vector<double> softmax(Rows& map) {
  std::vector<double> lse;
  for (auto& row : map) {
    double most = -INFINITY, sum = 0;
    for (double x : row) most = std::fmax(most, x);
    for (double& x : row) sum += x = std::exp(x - most);
    for (double& x : row) x /= sum;
    lse.push_back(most + std::log(sum));
  }
  return lse;
}

}  // namespace naive

#endif  // PAROATTN_TEST_NAIVE_H_
