// A problem of the front with its memory, for the kernel and for the reference.
#ifndef PAROATTN_TEST_FRONT_FRONT_CASE_H_
#define PAROATTN_TEST_FRONT_FRONT_CASE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "checks.h"
#include "device_array.h"
#include "front/front.h"
#include "front/host_element.h"
#include "front/row_table.h"

namespace paroattn {
namespace test {

using cuda::Element;
using cuda::kBlock;
using cuda::NormKind;
using cuda::Pairing;

enum class Orders { kNone, kReversed, kRandom };

struct Traits {
  int head_dim = 64;
  Element input = Element::kBF16;
  Element packed = Element::kBF16;
  int batch = 1;
  int heads = 2;
  int key_value_heads = 2;
  bool own_key_panels = false;        // one panel of keys a head, although heads share keys and values
  std::vector<uint32_t> segments = {130};  // tokens of each run of the sequence, text or grid
  std::vector<uint32_t> key_segments = {};  // empty: the same
  std::vector<int32_t> key_lengths = {};
  Orders orders = Orders::kNone;
  bool fused = false;  // one [batch, tokens, (heads + 2 key_value_heads) * head_dim] product
  int shift = 0;       // elements by which the projections miss their alignment
  int gap = 0;         // elements between the tokens' rows
  NormKind norm = NormKind::kNone;
  bool weights = true, biases = true;
  Pairing pairing = Pairing::kNone;
  float query_factor = 1.0f;
  double mean = 0.0, deviation = 1.0;  // of the projections

  std::string name() const {
    const auto of = [](Element element) {
      return std::string(element == Element::kF32 ? "f32" : element == Element::kF16 ? "f16" : "bf16");
    };
    std::string text = "d " + std::to_string(head_dim) + ", " + of(input) + " to " + of(packed) + ", batch " +
                       std::to_string(batch) + ", heads " + std::to_string(heads) + "/" +
                       std::to_string(key_value_heads) + (own_key_panels ? " own panels" : "") + ", tokens";
    for (const uint32_t tokens : segments) text += " " + std::to_string(tokens);
    if (!key_segments.empty()) {
      const uint32_t keys = std::accumulate(key_segments.begin(), key_segments.end(), 0u);
      text += ", keys " + std::to_string(keys) + " in " + std::to_string(key_segments.size()) + " runs";
    }
    for (const int32_t length : key_lengths) text += ", length " + std::to_string(length);
    return text + ", orders " + std::to_string(static_cast<int>(orders)) + (fused ? ", fused" : "") + ", shift " +
           std::to_string(shift) + ", gap " + std::to_string(gap) + ", norm " + std::to_string(static_cast<int>(norm)) +
           (weights ? " weights" : "") + (biases ? " biases" : "") + ", pairing " +
           std::to_string(static_cast<int>(pairing)) + ", query factor " +
           std::to_string(static_cast<int>(query_factor));
  }
};

// Where each block starts, then the count of tokens. Every run starts a new block.
inline std::vector<uint32_t> cut(const std::vector<uint32_t>& segments) {
  std::vector<uint32_t> starts = {0};
  uint32_t end = 0;
  for (const uint32_t tokens : segments) {
    end += tokens;
    while (starts.back() + kBlock < end) starts.push_back(starts.back() + kBlock);
    starts.push_back(end);
  }
  return starts;
}

// Text (every run but the last, if there are several) keeps its place; the last run is reordered.
inline std::vector<uint32_t> gather(const std::vector<uint32_t>& segments, Orders orders, Random& random) {
  const uint32_t tokens = std::accumulate(segments.begin(), segments.end(), 0u);
  const uint32_t fixed = tokens - segments.back();
  std::vector<uint32_t> order(tokens);
  std::iota(order.begin(), order.end(), 0u);
  if (orders == Orders::kReversed) std::reverse(order.begin() + fixed, order.end());
  if (orders == Orders::kRandom) {
    const std::vector<uint32_t> permutation = random.permutation(segments.back());
    for (uint32_t i = 0; i < segments.back(); ++i) order[fixed + i] = fixed + permutation[i];
  }
  return order;
}

class FrontCase {
 public:
  FrontCase(const Traits& traits, uint64_t seed) : traits(traits), random_(seed) {
    query_tokens = std::accumulate(traits.segments.begin(), traits.segments.end(), 0u);
    const std::vector<uint32_t>& key_segments = traits.key_segments.empty() ? traits.segments : traits.key_segments;
    key_tokens = std::accumulate(key_segments.begin(), key_segments.end(), 0u);
    key_heads = traits.own_key_panels ? traits.heads : traits.key_value_heads;
    make_rows(key_segments);
    make_projections();
    make_tables();
    make_outputs();
  }

  // Element sizes and pointers on the device, or on the host.
  cuda::FrontProblem problem(bool on_device) {
    const auto at = [on_device](auto& array) { return on_device ? array->device() : array->host(); };
    cuda::FrontProblem p;
    p.input_element = traits.input;
    uint8_t* base = static_cast<uint8_t*>(on_device ? projections_->device() : projections_->host());
    const auto projection = [&](int64_t first) {
      return cuda::Projection{base + (first + traits.shift) * static_cast<int64_t>(cuda::size_of(traits.input)), 0, 0};
    };
    p.query = projection(0);
    p.key = projection(key_first_);
    p.value = projection(value_first_);
    p.query.token_stride = query_stride_;
    p.key.token_stride = p.value.token_stride = key_stride_;
    p.query.batch_stride = query_stride_ * query_tokens;
    p.key.batch_stride = p.value.batch_stride = key_stride_ * key_tokens;
    p.key_value_heads = traits.key_value_heads;
    p.key_rows = at(key_rows);
    p.key_lengths = at(key_lengths_);
    p.norm = traits.norm;
    p.epsilon = 1e-6f;
    p.query_weight = at(query_weight);
    p.key_weight = at(key_weight);
    p.query_bias = at(query_bias);
    p.key_bias = at(key_bias);
    p.pairing = traits.pairing;
    p.cosine = at(cosine_);
    p.sine = at(sine_);
    p.query_factor = traits.query_factor;
    p.packed.element = traits.packed;
    p.packed.batch = traits.batch;
    p.packed.heads = traits.heads;
    p.packed.key_heads = key_heads;
    p.packed.head_dim = traits.head_dim;
    p.packed.query_tokens = static_cast<int>(query_tokens);
    p.packed.key_tokens = static_cast<int>(key_tokens);
    p.packed.query_blocks = query_blocks;
    p.packed.key_blocks = key_blocks;
    p.packed.query = at(query);
    p.packed.key = at(key);
    p.packed.value = at(value);
    p.packed.key_counts = at(key_counts);
    p.packed.query_rows = at(query_rows);
    p.packed.order_choice = at(order_choice_);
    return p;
  }

  size_t query_elements() const { return static_cast<size_t>(traits.batch) * traits.heads * query_blocks * image(); }
  size_t key_elements() const { return static_cast<size_t>(traits.batch) * key_heads * key_blocks * image(); }
  int packed_dim() const { return cuda::packed_head_dim(traits.head_dim); }

  void poison_outputs() {
    query->poison();
    key->poison();
    value->poison();
    key_counts->poison();
  }
  void download_outputs() {
    query->download();
    key->download();
    value->download();
    key_counts->download();
  }

  const Traits traits;
  int64_t query_tokens, key_tokens;
  int key_heads, query_blocks, key_blocks;
  std::unique_ptr<DeviceArray<int32_t>> query_rows, key_rows, key_counts;
  std::unique_ptr<DeviceArray<float>> query_weight, key_weight, query_bias, key_bias;
  std::unique_ptr<DeviceArray<uint16_t>> query, key, value;

 private:
  size_t image() const { return static_cast<size_t>(kBlock) * packed_dim(); }

  void make_rows(const std::vector<uint32_t>& key_segments) {
    // Two orders of which the heads choose; the first is not the one that most take.
    const int count = traits.orders == Orders::kNone ? 1 : 2;
    const std::vector<uint32_t> query_starts = cut(traits.segments), key_starts = cut(key_segments);
    std::vector<int32_t> query_table, key_table;
    for (int order = 0; order < count; ++order) {
      const Orders kind = order == 0 && count == 2 ? Orders::kRandom : traits.orders;
      const std::vector<uint32_t> query_gather = gather(traits.segments, kind, random_);
      const std::vector<uint32_t> key_gather =
          traits.key_segments.empty() ? query_gather : gather(key_segments, kind, random_);
      for (const int32_t row : cuda::row_table(query_starts, query_gather)) query_table.push_back(row);
      for (const int32_t row : cuda::row_table(key_starts, key_gather)) key_table.push_back(row);
    }
    query_blocks = static_cast<int>(query_starts.size()) - 1;
    key_blocks = static_cast<int>(key_starts.size()) - 1;
    query_rows = std::make_unique<DeviceArray<int32_t>>(query_table);
    key_rows = std::make_unique<DeviceArray<int32_t>>(key_table);
    key_lengths_ = std::make_unique<DeviceArray<int32_t>>(traits.key_lengths);
    // Heads that share a panel of keys share its order.
    std::vector<int32_t> choice;
    for (int head = 0; count == 2 && head < traits.heads; ++head) {
      choice.push_back((cuda::key_head_of(head, traits.heads, key_heads) + 1) % 2);
    }
    order_choice_ = std::make_unique<DeviceArray<int32_t>>(choice);
  }

  void make_projections() {
    const int64_t query_channels = static_cast<int64_t>(traits.heads) * traits.head_dim;
    const int64_t key_channels = static_cast<int64_t>(traits.key_value_heads) * traits.head_dim;
    int64_t elements;
    if (traits.fused) {
      query_stride_ = key_stride_ = query_channels + 2 * key_channels + traits.gap;
      key_first_ = query_channels;
      value_first_ = query_channels + key_channels;
      elements = traits.batch * query_tokens * query_stride_;
    } else {
      query_stride_ = query_channels + traits.gap;
      key_stride_ = key_channels + traits.gap;
      key_first_ = traits.batch * query_tokens * query_stride_;
      value_first_ = key_first_ + traits.batch * key_tokens * key_stride_;
      elements = value_first_ + traits.batch * key_tokens * key_stride_;
    }
    elements += traits.shift;
    projections_ = std::make_unique<DeviceArray<uint8_t>>(elements * cuda::size_of(traits.input));
    for (int64_t i = 0; i < elements; ++i) {
      cuda::store_element(traits.mean + traits.deviation * random_.normal(), traits.input, i, projections_->host());
    }
    projections_->upload();
  }

  std::unique_ptr<DeviceArray<float>> floats(bool wanted, size_t count, double mean, double deviation) {
    std::vector<float> values(wanted ? count : 0);
    for (float& v : values) v = static_cast<float>(mean + deviation * random_.normal());
    return std::make_unique<DeviceArray<float>>(values);
  }

  void make_tables() {
    const bool norm = traits.norm != NormKind::kNone, layer = traits.norm == NormKind::kLayer;
    query_weight = floats(norm && traits.weights, traits.head_dim, 1.0, 0.3);
    key_weight = floats(norm && traits.weights, traits.head_dim, 1.0, 0.3);
    query_bias = floats(layer && traits.biases, traits.head_dim, 0.0, 0.5);
    key_bias = floats(layer && traits.biases, traits.head_dim, 0.0, 0.5);
    const size_t entries = traits.pairing == Pairing::kNone ? 0 : static_cast<size_t>(query_tokens) * traits.head_dim / 2;
    std::vector<float> cosines(entries), sines(entries);
    for (size_t i = 0; i < entries; ++i) {
      const double angle = 6.283185307179586 * random_.uniform();
      cosines[i] = static_cast<float>(std::cos(angle));
      sines[i] = static_cast<float>(std::sin(angle));
    }
    cosine_ = std::make_unique<DeviceArray<float>>(cosines);
    sine_ = std::make_unique<DeviceArray<float>>(sines);
  }

  void make_outputs() {
    query = std::make_unique<DeviceArray<uint16_t>>(query_elements());
    key = std::make_unique<DeviceArray<uint16_t>>(key_elements());
    value = std::make_unique<DeviceArray<uint16_t>>(key_elements());
    key_counts = std::make_unique<DeviceArray<int32_t>>(static_cast<size_t>(traits.batch) * key_heads * key_blocks);
  }

  Random random_;
  int64_t query_stride_, key_stride_, key_first_, value_first_;
  std::unique_ptr<DeviceArray<uint8_t>> projections_;
  std::unique_ptr<DeviceArray<float>> cosine_, sine_;
  std::unique_ptr<DeviceArray<int32_t>> key_lengths_, order_choice_;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_FRONT_FRONT_CASE_H_
