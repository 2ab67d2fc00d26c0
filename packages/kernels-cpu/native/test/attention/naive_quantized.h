// INT8 and INT4 attention as the formulas say, in double over codes: the oracle of the quantized kernel's tests.
#ifndef PAROATTN_TEST_NAIVE_QUANTIZED_H_
#define PAROATTN_TEST_NAIVE_QUANTIZED_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "attention.h"
#include "naive.h"

namespace naive {

using paroattn::attention::ProbabilityGroup;
using paroattn::attention::Quantization;

// One group: the elements at first, first + step, ... below last.
// In place of codes the numbers that they stand for: integers times a float scale, which double holds without rounding.
inline void encode(const std::vector<float>& data, size_t first, size_t last, size_t step, float largest_code,
                   std::vector<double>& numbers) {
  float amax = 0;
  for (size_t i = first; i < last; i += step) amax = std::fmax(amax, std::fabs(data[i]));
  const float scale = amax / largest_code;
  for (size_t i = first; i < last; i += step) {
    const float scaled = data[i] * (largest_code / amax);
    numbers[i] = scale < 0x1p-126f ? 0 : static_cast<double>(std::nearbyint(scaled)) * static_cast<double>(scale);
  }
}

// Blocks of rows: one scale each, or one for each channel.
inline std::vector<double> encode_blocks(const std::vector<float>& data, const std::vector<uint32_t>& starts,
                                         size_t channels, unsigned bits, bool per_channel) {
  std::vector<double> numbers(data.size());
  const float largest_code = bits == 8 ? 127 : 7;
  for (size_t block = 0; block + 1 < starts.size(); ++block) {
    const size_t first = starts[block] * channels, last = starts[block + 1] * channels;
    for (size_t c = 0; c < (per_channel ? channels : 1); ++c) {
      encode(data, first + c, last, per_channel ? channels : 1, largest_code, numbers);
    }
  }
  return numbers;
}

inline std::vector<double> encode_values(const std::vector<float>& data, const std::vector<uint32_t>& starts,
                                         size_t channels, const Quantization& q) {
  if (q.value_bits == 0) return {data.begin(), data.end()};
  if (!q.rank1_values) return encode_blocks(data, starts, channels, q.value_bits, true);
  std::vector<float> largest(channels), divided(data);
  for (size_t i = 0; i < data.size(); ++i) largest[i % channels] = std::fmax(largest[i % channels], std::fabs(data[i]));
  for (size_t i = 0; i < data.size(); ++i) divided[i] *= 1 / (largest[i % channels] > 0 ? largest[i % channels] : 1);
  auto numbers = encode_blocks(divided, starts, channels, q.value_bits, false);
  for (size_t i = 0; i < data.size(); ++i) numbers[i] *= static_cast<double>(largest[i % channels]);
  return numbers;
}

// One row of the output, and by how much it may be off: codes of the map that lie on the edge may go either way.
struct QuantizedRow {
  std::vector<double> output, slack;
  double log_sum_exp = 0, log_sum_exp_slack = 0;
};

struct QuantizedHead {
  std::vector<QuantizedRow> rows;  // in sequence order
};

// Relative error that float32 may make of an entry over its scale: of exp twice, and of logits of such magnitudes.
inline double entry_error(double largest_logit) { return (16 + 4 * largest_logit) * 0x1p-24; }

// live(qb, kb): whether a block is attended to.
template <class Live>
QuantizedHead quantized_attention(const FrontOptions& o, const uint32_t* indices, const float* bias, size_t b,
                                  size_t h, const std::vector<uint32_t>& query_starts,
                                  const std::vector<uint32_t>& key_starts, const Live& live) {
  const Quantization& q = o.quantization;
  const size_t kv = h / (o.heads / o.key_value_heads), dim = o.head_dim;
  const size_t length = o.key_lengths ? o.key_lengths[b] : o.key_tokens;
  const auto source = [&](size_t i) { return indices ? indices[i] : i; };
  std::vector<float> query, key, value;
  std::vector<double> mean(dim);
  for (size_t i = 0; i < o.query_tokens; ++i) {
    const float* row = floats(o.query) + ((b * o.query_tokens + source(i)) * o.heads + h) * dim;
    for (double x : transform(o, row, source(i), true)) query.push_back(static_cast<float>(x));
  }
  for (size_t i = 0; i < o.key_tokens; ++i) {
    const size_t at = ((b * o.key_tokens + source(i)) * o.key_value_heads + kv) * dim;
    const bool valid = source(i) < length;
    const auto row = transform(o, floats(o.key) + at, source(i), false);
    for (size_t c = 0; c < dim; ++c) {
      key.push_back(valid ? static_cast<float>(row[c]) : 0.0f);
      value.push_back(valid ? floats(o.value)[at + c] : 0.0f);
      mean[c] += static_cast<double>(key.back()) / static_cast<double>(length);
    }
  }
  if (q.query_key_bits > 0 && q.smooth_keys) {
    for (size_t i = 0; i < key.size(); ++i) {
      if (source(i / dim) < length) key[i] -= static_cast<float>(mean[i % dim]);
    }
  } else {
    mean.assign(dim, 0);
  }
  std::vector<double> qs(query.begin(), query.end()), ks(key.begin(), key.end());
  if (q.query_key_bits > 0) {
    qs = encode_blocks(query, query_starts, dim, q.query_key_bits, false);
    ks = encode_blocks(key, key_starts, dim, q.query_key_bits, false);
  }
  const std::vector<double> vs = encode_values(value, key_starts, dim, q);
  QuantizedHead head;
  head.rows.resize(o.query_tokens);
  for (size_t qb = 0; qb + 1 < query_starts.size(); ++qb) {
    const size_t first = query_starts[qb], rows = query_starts[qb + 1] - first;
    std::vector<std::vector<size_t>> tiles;
    for (size_t kb = 0; kb + 1 < key_starts.size(); ++kb) {
      std::vector<size_t> tile;
      for (size_t j = key_starts[kb]; live(qb, kb) && j < key_starts[kb + 1]; ++j) {
        if (source(j) < length) tile.push_back(j);
      }
      if (!tile.empty()) tiles.push_back(tile);
    }
    if (q.group == ProbabilityGroup::kRow && q.value_bits > 0) {
      for (size_t t = 1; t < tiles.size(); ++t) tiles[0].insert(tiles[0].end(), tiles[t].begin(), tiles[t].end());
      tiles.resize(1);
    }
    std::vector<double> most(rows, -INFINITY), sum(rows), loose(rows);  // loose: by how much the sum may be off
    std::vector<std::vector<double>> out(rows, std::vector<double>(dim)), slack(out);
    for (const auto& tile : tiles) {
      std::vector<std::vector<double>> entries(rows);
      std::vector<double> references(rows), kept(rows);
      double largest = 0, largest_logit = 0;
      for (size_t r = 0; r < rows; ++r) {
        double in_tile = -INFINITY;
        for (size_t j : tile) {
          double dot = 0;
          for (size_t c = 0; c < dim; ++c) dot += qs[(first + r) * dim + c] * ks[j * dim + c];
          double logit = dot * static_cast<double>(o.scale);
          if (bias) {
            logit += static_cast<double>(bias[(h * o.query_tokens + source(first + r)) * o.key_tokens + source(j)]);
          }
          entries[r].push_back(logit);
          largest_logit = std::fmax(largest_logit, std::fabs(logit));
          in_tile = std::fmax(in_tile, logit);
        }
        const double now = std::fmax(most[r], in_tile);
        kept[r] = std::exp(most[r] - now);
        most[r] = now;
        references[r] = q.group == ProbabilityGroup::kTileRow ? in_tile : now;
        for (double& x : entries[r]) largest = std::fmax(largest, x = std::exp(x - references[r]));
      }
      for (size_t r = 0; r < rows; ++r) {
        const double scale = (q.group == ProbabilityGroup::kTile ? largest : 1) /
                             static_cast<double>(q.largest_probability_code);
        const double weight = std::exp(references[r] - most[r]);
        for (auto* row : {&out[r], &slack[r]}) {
          for (double& x : *row) x *= kept[r];
        }
        sum[r] *= kept[r];
        loose[r] *= kept[r];
        for (size_t j = 0; j < tile.size(); ++j) {
          const double code = entries[r][j] / scale, p = q.value_bits > 0 ? std::nearbyint(code) * scale : entries[r][j];
          const bool edge = q.value_bits > 0 && std::fabs(code - std::floor(code) - 0.5) < code * entry_error(largest_logit);
          const bool sums_codes = q.value_bits > 0 && q.group == ProbabilityGroup::kTileRow;
          sum[r] += weight * (sums_codes ? p : entries[r][j]);
          if (sums_codes && edge) loose[r] += weight * scale;
          for (size_t c = 0; c < dim; ++c) {
            const double v = vs[tile[j] * dim + c];
            out[r][c] += weight * p * v;
            if (edge) slack[r][c] += weight * scale * std::fabs(v);
          }
        }
      }
    }
    for (size_t r = 0; r < rows; ++r) {
      QuantizedRow& row = head.rows[source(first + r)];
      row.log_sum_exp = most[r] + std::log(sum[r]);
      row.log_sum_exp_slack = loose[r] / sum[r];
      for (size_t c = 0; c < dim; ++c) {
        row.output.push_back(out[r][c] / sum[r]);
        row.slack.push_back((slack[r][c] + loose[r] * std::fabs(row.output.back())) / sum[r]);
        row.log_sum_exp += static_cast<double>(o.scale) * static_cast<double>(query[(first + r) * dim + c]) *
                           static_cast<double>(static_cast<float>(mean[c]));
      }
    }
  }
  return head;
}

}  // namespace naive

#endif  // PAROATTN_TEST_NAIVE_QUANTIZED_H_
