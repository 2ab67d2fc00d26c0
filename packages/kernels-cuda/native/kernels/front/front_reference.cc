// The oracle of front: double precision, one rounding into the packed element.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "front/host_element.h"
#include "front/front.h"

namespace paroattn {
namespace cuda {
namespace {

using Row = std::vector<double>;  // [head_dim]

Row row_of(const Projection& projection, Element element, int64_t batch_row, int64_t token, int64_t head, int head_dim) {
  Row row(static_cast<size_t>(head_dim));
  const int64_t first = batch_row * projection.batch_stride + token * projection.token_stride + head * head_dim;
  for (int c = 0; c < head_dim; ++c) row[static_cast<size_t>(c)] = element_at(projection.data, element, first + c);
  return row;
}

void normalize(const FrontProblem& problem, const float* weight, const float* bias, Row& row) {
  if (problem.norm == NormKind::kNone) return;
  const double count = static_cast<double>(row.size());
  double mean = 0.0;
  if (problem.norm == NormKind::kLayer) {
    for (const double channel : row) mean += channel;
    mean /= count;
  }
  double squares = 0.0;
  for (const double channel : row) squares += (channel - mean) * (channel - mean);
  const double divisor = std::sqrt(squares / count + problem.epsilon);
  for (size_t c = 0; c < row.size(); ++c) {
    row[c] = (row[c] - mean) / divisor * (weight == nullptr ? 1.0 : weight[c]) + (bias == nullptr ? 0.0 : bias[c]);
  }
}

void rotate(const FrontProblem& problem, int64_t token, Row& row) {
  if (problem.pairing == Pairing::kNone) return;
  const size_t half = row.size() / 2;
  for (size_t i = 0; i < half; ++i) {
    const double cosine = problem.cosine[token * static_cast<int64_t>(half) + static_cast<int64_t>(i)];
    const double sine = problem.sine[token * static_cast<int64_t>(half) + static_cast<int64_t>(i)];
    double& a = row[problem.pairing == Pairing::kInterleaved ? 2 * i : i];
    double& b = row[problem.pairing == Pairing::kInterleaved ? 2 * i + 1 : i + half];
    const double first = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = first;
  }
}

void store(const Row& row, Element element, int64_t packed_row, int packed_dim, const void* panels) {
  for (int c = 0; c < packed_dim; ++c) {
    const double channel = static_cast<size_t>(c) < row.size() ? row[static_cast<size_t>(c)] : 0.0;
    store_element(channel, element, packed_row * packed_dim + c, const_cast<void*>(panels));
  }
}

void pack_queries(const FrontProblem& problem, int64_t batch_row, int head) {
  const PackedOperands& packed = problem.packed;
  const int64_t order = packed.order_choice == nullptr ? 0 : packed.order_choice[head];
  const int64_t rows = static_cast<int64_t>(packed.query_blocks) * kBlock;
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t token = packed.query_rows[order * rows + r];
    Row row;
    if (token >= 0) {
      row = row_of(problem.query, problem.input_element, batch_row, token, head, packed.head_dim);
      normalize(problem, problem.query_weight, problem.query_bias, row);
      rotate(problem, token, row);
      for (double& channel : row) channel *= problem.query_factor;
    }
    store(row, packed.element, (batch_row * packed.heads + head) * rows + r, packed_head_dim(packed.head_dim), packed.query);
  }
}

// The tokens of a block's packed rows: the valid ones, then -1.
std::vector<int32_t> valid_tokens(const FrontProblem& problem, int64_t batch_row, int64_t first) {
  const int32_t length = problem.key_lengths == nullptr ? problem.packed.key_tokens : problem.key_lengths[batch_row];
  std::vector<int32_t> tokens;
  std::copy_if(problem.key_rows + first, problem.key_rows + first + kBlock, std::back_inserter(tokens),
               [length](int32_t token) { return token >= 0 && token < length; });
  return tokens;
}

void pack_keys(const FrontProblem& problem, int64_t batch_row, int key_head) {
  const PackedOperands& packed = problem.packed;
  const int packed_dim = packed_head_dim(packed.head_dim);
  const int64_t panel = batch_row * packed.key_heads + key_head;
  const int64_t order =
      packed.order_choice == nullptr ? 0 : packed.order_choice[key_head * (packed.heads / packed.key_heads)];
  const int source_head = key_head_of(key_head, packed.key_heads, problem.key_value_heads);
  for (int64_t block = 0; block < packed.key_blocks; ++block) {
    const std::vector<int32_t> tokens =
        valid_tokens(problem, batch_row, (order * packed.key_blocks + block) * kBlock);
    const int64_t image = panel * packed.key_blocks + block;
    const_cast<int32_t*>(packed.key_counts)[image] = static_cast<int32_t>(tokens.size());
    for (size_t r = 0; r < kBlock; ++r) {
      Row key, value;
      if (r < tokens.size()) {
        key = row_of(problem.key, problem.input_element, batch_row, tokens[r], source_head, packed.head_dim);
        normalize(problem, problem.key_weight, problem.key_bias, key);
        rotate(problem, tokens[r], key);
        value = row_of(problem.value, problem.input_element, batch_row, tokens[r], source_head, packed.head_dim);
      }
      const int64_t packed_row = image * kBlock + static_cast<int64_t>(r);
      store(key, packed.element, packed_row, packed_dim, packed.key);
      store(value, packed.element, packed_row, packed_dim, packed.value);
    }
  }
}

}  // namespace

void front_reference(const FrontProblem& problem) {
  for (int batch_row = 0; batch_row < problem.packed.batch; ++batch_row) {
    for (int head = 0; head < problem.packed.heads; ++head) pack_queries(problem, batch_row, head);
    for (int key_head = 0; key_head < problem.packed.key_heads; ++key_head) pack_keys(problem, batch_row, key_head);
  }
}

}  // namespace cuda
}  // namespace paroattn
