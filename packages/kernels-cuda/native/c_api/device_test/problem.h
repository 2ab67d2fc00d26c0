// A small problem of front, attention and block statistics with everything that it needs, on the host and on the device.
#ifndef PAROATTN_CUDA_C_API_DEVICE_TEST_PROBLEM_H_
#define PAROATTN_CUDA_C_API_DEVICE_TEST_PROBLEM_H_

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "c_api/c_api.h"
#include "c_api/device_test/device_array.h"
#include "front/host_element.h"

namespace paroattn {
namespace cuda {

struct Case {
  int head_dim;
  Element element;
  int tokens;
  int batch;
  double density;  // of the block mask; 1: dense
};

inline std::string name_of(const Case& one) {
  char text[128];
  std::snprintf(text, sizeof(text), "d %d, %s, %d tokens, batch %d, density %g", one.head_dim,
                one.element == Element::kBF16 ? "bf16" : "f16", one.tokens, one.batch, one.density);
  return text;
}

constexpr int kHeads = 2;

inline int blocks_of(int tokens) { return (tokens + kBlock - 1) / kBlock; }

// Two orders: the sequence's own, and backwards.
inline std::vector<int32_t> make_rows(int tokens) {
  const int padded = blocks_of(tokens) * kBlock;
  std::vector<int32_t> rows(static_cast<size_t>(2) * padded, -1);
  for (int i = 0; i < tokens; ++i) {
    rows[i] = i;
    rows[padded + i] = tokens - 1 - i;
  }
  return rows;
}

// Random bits; the diagonal lives, so every row has a key.
inline std::vector<uint32_t> make_mask(int blocks, int words, double density, std::mt19937& random) {
  std::vector<uint32_t> mask(static_cast<size_t>(kHeads) * blocks * words, 0);
  std::bernoulli_distribution live(density);
  for (int head = 0; head < kHeads; ++head)
    for (int row = 0; row < blocks; ++row)
      for (int column = 0; column < blocks; ++column)
        if (column == row || live(random))
          mask[(static_cast<size_t>(head) * blocks + row) * words + column / 32] |= 1u << (column % 32);
  return mask;
}

// Everything that a case needs, with the device's and the host's copy of each.
struct Problem {
  Problem(const Case& one, std::mt19937& random)
      : settings(one),
        blocks(blocks_of(one.tokens)),
        width(packed_head_dim(one.head_dim)),
        inputs(random_inputs(random)),
        rows(make_rows(one.tokens)),
        choice({0, 1}),
        query(panel()),
        key(panel()),
        value(panel()),
        counts(std::vector<int32_t>(static_cast<size_t>(one.batch) * kHeads * blocks, -1)),
        output(std::vector<uint16_t>(token_count() * channels(), 0xffff)),
        sums(std::vector<float>(token_count() * kHeads, nan())),
        counter({0, 0}) {}

  std::vector<uint16_t> random_inputs(std::mt19937& random) const {
    std::normal_distribution<double> normal;
    std::vector<uint16_t> values(3 * token_count() * channels());
    for (size_t i = 0; i < values.size(); ++i)
      store_element(normal(random), settings.element, static_cast<int64_t>(i), values.data());
    return values;
  }
  std::vector<uint16_t> panel() const {
    return std::vector<uint16_t>(static_cast<size_t>(settings.batch) * kHeads * blocks * kBlock * width, 0xffff);
  }
  static float nan() { return std::numeric_limits<float>::quiet_NaN(); }
  size_t token_count() const { return static_cast<size_t>(settings.batch) * settings.tokens; }
  size_t channels() const { return static_cast<size_t>(kHeads) * settings.head_dim; }

  // With pointers to the device's copies or the host's.
  PackedOperands operands(bool on_device) {
    PackedOperands packed;
    packed.element = settings.element;
    packed.batch = settings.batch;
    packed.heads = packed.key_heads = kHeads;
    packed.head_dim = settings.head_dim;
    packed.query_tokens = packed.key_tokens = settings.tokens;
    packed.query_blocks = packed.key_blocks = blocks;
    packed.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(settings.head_dim)));
    packed.query = at(query, on_device);
    packed.key = at(key, on_device);
    packed.value = at(value, on_device);
    packed.key_counts = at(counts, on_device);
    packed.query_rows = at(rows, on_device);
    packed.order_choice = at(choice, on_device);
    return packed;
  }
  FrontProblem front_problem(bool on_device) {
    FrontProblem problem;
    problem.input_element = settings.element;
    uint16_t* first = at(inputs, on_device);
    Projection* projections[] = {&problem.query, &problem.key, &problem.value};
    for (int i = 0; i < 3; ++i) {
      projections[i]->data = first + i * token_count() * channels();
      projections[i]->token_stride = static_cast<int64_t>(channels());
      projections[i]->batch_stride = static_cast<int64_t>(channels()) * settings.tokens;
    }
    problem.key_value_heads = kHeads;
    problem.key_rows = at(rows, on_device);
    problem.packed = operands(on_device);
    return problem;
  }
  template <typename T>
  static T* at(DeviceArray<T>& array, bool on_device) {
    return on_device ? array.device() : array.host.data();
  }

  Case settings;
  int blocks, width;
  DeviceArray<uint16_t> inputs;
  DeviceArray<int32_t> rows, choice;
  DeviceArray<uint16_t> query, key, value;
  DeviceArray<int32_t> counts;
  DeviceArray<uint16_t> output;
  DeviceArray<float> sums;
  DeviceArray<uint32_t> counter;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_C_API_DEVICE_TEST_PROBLEM_H_
