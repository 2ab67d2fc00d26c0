#include "operators/prepare_attention.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "front/front.h"
#include "front/row_table.h"
#include "issue.h"
#include "operators/attention_resources.h"

namespace paroattn {
namespace cuda {
namespace {

// What the command reads, and the sizes of what it makes.
struct FrontCall {
  FrontProblem problem;
  int query_tokens = 0;
  int key_tokens = 0;
  TensorArgument query, key, value;
  TensorArgument query_weight, key_weight, query_bias, key_bias;
  TensorArgument cosine, sine;
  std::shared_ptr<RowTable> query_rows, key_rows;
  std::shared_ptr<OrderChoice> order_choice;
  std::vector<uint32_t> key_lengths;
};

void read_sizes(const Arguments& arguments, FrontCall& call) {
  PackedOperands& packed = call.problem.packed;
  packed.element = arguments.element("precision");
  packed.batch = arguments.count("batch");
  packed.query_tokens = arguments.count("queryTokens");
  packed.key_tokens = arguments.count("keyTokens");
  packed.heads = arguments.count("heads");
  packed.head_dim = arguments.count("headDim");
  call.problem.key_value_heads = arguments.count("keyValueHeads");
  if (packed.element == Element::kF32) arguments.fail("precision", "f16 or bf16");
  if (packed_head_dim(packed.head_dim) == 0) arguments.fail("headDim", "64, 72, 96 or 128");
  const bool positive =
      packed.batch > 0 && packed.query_tokens > 0 && packed.key_tokens > 0 && call.problem.key_value_heads > 0;
  if (!positive || packed.heads < 1 || packed.heads % call.problem.key_value_heads != 0) {
    arguments.fail("heads", "sizes of at least 1");
  }
}

// Attention and statistics take scales above 0 alone: the sign goes into the queries, which are packed anyway. That is exact.
void read_scale(const Arguments& arguments, FrontCall& call) {
  const double scale = arguments.number("scale");
  constexpr double kMost = std::numeric_limits<float>::max() / 2;  // in units of log2 it still is an f32
  if (!(std::fabs(scale) <= kMost)) arguments.fail("scale", "a number that f32 holds");
  const float magnitude = static_cast<float>(std::fabs(scale));
  call.problem.query_factor = magnitude == 0.0f ? 0.0f : scale < 0.0 ? -1.0f : 1.0f;
  call.problem.packed.scale = magnitude == 0.0f ? 1.0f : magnitude;
}

void read_projections(const Arguments& arguments, FrontCall& call) {
  const PackedOperands& packed = call.problem.packed;
  const int64_t query_row = product({packed.heads, packed.head_dim});
  const int64_t key_row = product({call.problem.key_value_heads, packed.head_dim});
  const int64_t keys = product({packed.batch, packed.key_tokens, key_row});
  call.query = arguments.tensor("query", product({packed.batch, packed.query_tokens, query_row}));
  call.key = arguments.tensor("key", keys, call.query.element);
  call.value = arguments.tensor("value", keys, call.query.element);
  call.problem.input_element = call.query.element;
  call.problem.query = {nullptr, packed.query_tokens * query_row, query_row};
  call.problem.key = {nullptr, packed.key_tokens * key_row, key_row};
  call.problem.value = call.problem.key;
}

// Whether all heads that share keys stand in one order, so that one panel serves them.
bool groups_agree(const std::vector<uint32_t>& choice, int heads, int key_value_heads) {
  for (int head = 0; head < heads; ++head) {
    const int group = heads / key_value_heads;
    if (choice[static_cast<size_t>(head)] != choice[static_cast<size_t>(head / group * group)]) return false;
  }
  return true;
}

void read_rows(const Arguments& arguments, FrontCall& call) {
  PackedOperands& packed = call.problem.packed;
  call.query_rows = arguments.resource<RowTable>("queryRows");
  call.key_rows = arguments.resource<RowTable>("keyRows");
  call.order_choice = arguments.optional_resource<OrderChoice>("orderChoice");
  if (call.query_rows->tokens != packed.query_tokens) arguments.fail("queryRows", "a row for each query");
  if (call.key_rows->tokens != packed.key_tokens) arguments.fail("keyRows", "a row for each key");
  packed.query_blocks = call.query_rows->blocks;
  packed.key_blocks = call.key_rows->blocks;
  packed.key_heads = call.problem.key_value_heads;
  if (!call.order_choice) return;
  const std::vector<uint32_t>& choice = call.order_choice->choice;
  if (choice.size() != static_cast<size_t>(packed.heads)) arguments.fail("orderChoice", "one order for each head");
  for (const uint32_t order : choice) {
    const bool there = order < static_cast<uint32_t>(call.query_rows->orders) &&
                       order < static_cast<uint32_t>(call.key_rows->orders);
    if (!there) arguments.fail("orderChoice", "orders that are there");
  }
  if (!groups_agree(choice, packed.heads, packed.key_heads)) packed.key_heads = packed.heads;
}

void read_norm(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("norm")) return;
  const std::string kind = arguments.text("norm");
  if (kind != "rms" && kind != "layer") arguments.fail("norm", "rms or layer");
  const int64_t channels = call.problem.packed.head_dim;
  call.problem.norm = kind == "rms" ? NormKind::kRms : NormKind::kLayer;
  call.problem.epsilon = static_cast<float>(arguments.number("epsilon"));
  call.query_weight = arguments.optional_tensor("queryWeight", channels, Element::kF32);
  call.key_weight = arguments.optional_tensor("keyWeight", channels, Element::kF32);
  call.query_bias = arguments.optional_tensor("queryBias", channels, Element::kF32);
  call.key_bias = arguments.optional_tensor("keyBias", channels, Element::kF32);
}

void read_rotary(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("pairing")) return;
  const std::string pairing = arguments.text("pairing");
  if (pairing != "interleaved" && pairing != "half") arguments.fail("pairing", "interleaved or half");
  const PackedOperands& packed = call.problem.packed;
  if (packed.query_tokens != packed.key_tokens) arguments.fail("pairing", "as many keys as queries");
  call.problem.pairing = pairing == "half" ? Pairing::kHalf : Pairing::kInterleaved;
  const int64_t entries = product({packed.query_tokens, packed.head_dim / 2});
  call.cosine = arguments.tensor("cos", entries, Element::kF32);
  call.sine = arguments.tensor("sin", entries, Element::kF32);
}

void read_key_lengths(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("keyLengths")) return;
  const PackedOperands& packed = call.problem.packed;
  call.key_lengths = arguments.words("keyLengths");
  bool fits = call.key_lengths.size() == static_cast<size_t>(packed.batch);
  for (const uint32_t length : call.key_lengths) {
    fits = fits && length >= 1 && length <= static_cast<uint32_t>(packed.key_tokens);
  }
  if (!fits) arguments.fail("keyLengths", "1 to keyTokens for each batch row");
}

cudaError_t enqueue(Stream& stream, const FrontCall& call, Operands& operands, const Running& running) {
  FrontProblem problem = call.problem;
  const auto floats = [](const TensorArgument& tensor) { return static_cast<const float*>(tensor.data()); };
  problem.packed = operands.packed;
  problem.query.data = call.query.data();
  problem.key.data = call.key.data();
  problem.value.data = call.value.data();
  problem.key_rows = call.key_rows->rows.as<int32_t>();
  problem.query_weight = floats(call.query_weight);
  problem.key_weight = floats(call.key_weight);
  problem.query_bias = floats(call.query_bias);
  problem.key_bias = floats(call.key_bias);
  problem.cosine = floats(call.cosine);
  problem.sine = floats(call.sine);
  DeviceMemory key_lengths;
  if (!call.key_lengths.empty()) {
    const size_t bytes = call.key_lengths.size() * sizeof(uint32_t);
    key_lengths = DeviceMemory(running.pool, bytes);
    stream.copy_to_device(call.key_lengths.data(), bytes, key_lengths.data());
    problem.key_lengths = key_lengths.as<int32_t>();
  }
  return front(problem, running.stream);
}

}  // namespace

Napi::Value issue_prepare_attention(const View& view, const Arguments& arguments) {
  FrontCall call;
  read_sizes(arguments, call);
  read_scale(arguments, call);
  read_projections(arguments, call);
  read_rows(arguments, call);
  read_norm(arguments, call);
  read_rotary(arguments, call);
  read_key_lengths(arguments, call);
  Issue issue(view, "prepareAttention");
  issue.label(arguments.text("label")).reads(call.query).reads(call.key).reads(call.value);
  issue.reads(call.query_weight).reads(call.key_weight).reads(call.query_bias).reads(call.key_bias);
  issue.reads(call.cosine).reads(call.sine);
  issue.reads(call.query_rows).reads(call.key_rows).reads(call.order_choice);
  const auto operands =
      issue.makes(std::make_shared<Operands>(view.stream->pool(), call.problem.packed, call.query.element));
  operands->query_rows = call.query_rows;
  operands->order_choice = call.order_choice;
  issue.runs([&](const Running& running) { return enqueue(*view.stream, call, *operands, running); });
  return handle_of(arguments.env(), operands);
}

Napi::Value issue_create_row_table(const View& view, const Arguments& arguments) {
  const std::vector<uint32_t> starts = arguments.words("starts");
  const std::vector<std::vector<uint32_t>> orders = arguments.word_lists("orders");
  if (orders.empty()) arguments.fail("orders", "at least one order");
  std::vector<int32_t> rows;
  try {
    for (const std::vector<uint32_t>& order : orders) {
      const std::vector<int32_t> table = row_table(starts, order);
      rows.insert(rows.end(), table.begin(), table.end());
    }
  } catch (const std::invalid_argument& error) {
    arguments.fail("starts and orders", std::string("a partition and its orders (") + error.what() + ")");
  }
  auto made = std::make_shared<RowTable>(view.stream->pool(), static_cast<int>(starts.back()),
                                         static_cast<int>(starts.size()) - 1, static_cast<int>(orders.size()));
  view.stream->make_table("prepareAttention", *made, rows.data(), rows.size() * sizeof(int32_t),
                          [&] { return made->rows.data(); });
  return handle_of(arguments.env(), made);
}

Napi::Value issue_create_order_choice(const View& view, const Arguments& arguments) {
  const std::vector<uint32_t> choice = arguments.words("choice");
  if (choice.empty()) arguments.fail("choice", "one order for each head");
  auto made = std::make_shared<OrderChoice>(view.stream->pool(), choice);
  view.stream->make_table("prepareAttention", *made, choice.data(), choice.size() * sizeof(uint32_t),
                          [&] { return made->device.data(); });
  return handle_of(arguments.env(), made);
}

}  // namespace cuda
}  // namespace paroattn
