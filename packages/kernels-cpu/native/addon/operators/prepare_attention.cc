#include "operators/prepare_attention.h"

#include <algorithm>
#include <string>

#include "issue.h"
#include "operators/attention_resources.h"

namespace paroattn {
namespace {

using attention::FrontOptions;
using attention::NormKind;
using attention::RotaryPairing;

// Everything that the command needs to live until it has run.
struct FrontCall {
  FrontOptions options;
  BufferPtr query, key, value;
  BufferPtr query_weight, key_weight, query_bias, key_bias;
  BufferPtr cosine, sine;
  std::vector<uint32_t> query_starts, key_starts, order_choice, key_lengths;
  std::vector<std::shared_ptr<TokenOrder>> orders;
};

void check_starts(const Arguments& arguments, const char* name, const std::vector<uint32_t>& starts, size_t tokens) {
  bool fits = starts.size() >= 2 && starts.front() == 0 && starts.back() == tokens;
  for (size_t i = 1; fits && i < starts.size(); ++i) {
    fits = starts[i] > starts[i - 1] && starts[i] - starts[i - 1] <= attention::kBlock;
  }
  if (!fits) arguments.fail(name, "the first tokens of blocks of 1 to 64, and the token count");
}

void read_sizes(const Arguments& arguments, FrontCall& call) {
  FrontOptions& options = call.options;
  options.batch = arguments.size("batch");
  options.query_tokens = arguments.size("queryTokens");
  options.key_tokens = arguments.size("keyTokens");
  options.heads = arguments.size("heads");
  options.key_value_heads = arguments.size("keyValueHeads");
  options.head_dim = arguments.size("headDim");
  options.scale = static_cast<float>(arguments.number("scale"));
  const bool positive = options.batch > 0 && options.query_tokens > 0 && options.key_tokens > 0 &&
                        options.key_value_heads > 0 && options.head_dim > 0;
  if (!positive || options.heads % options.key_value_heads != 0) arguments.fail("heads", "sizes of at least 1");
  call.query_starts = arguments.words("queryStarts");
  call.key_starts = arguments.words("keyStarts");
  check_starts(arguments, "queryStarts", call.query_starts, options.query_tokens);
  check_starts(arguments, "keyStarts", call.key_starts, options.key_tokens);
}

attention::NumberType read_type(const Arguments& arguments, const char* name) {
  const std::string type = arguments.text(name);
  if (type != "f32" && type != "bf16") arguments.fail(name, "f32 or bf16");
  return type == "f32" ? attention::NumberType::kF32 : attention::NumberType::kBf16;
}

void read_tensors(const Arguments& arguments, FrontCall& call) {
  FrontOptions& options = call.options;
  options.type = read_type(arguments, "type");
  options.query_key_type = read_type(arguments, "queryKeyType");
  options.value_type = read_type(arguments, "valueType");
  const size_t queries = product({options.batch, options.query_tokens, options.heads, options.head_dim});
  const size_t keys = product({options.batch, options.key_tokens, options.key_value_heads, options.head_dim});
  const size_t element_bytes = attention::bytes_of(options.type);
  call.query = arguments.buffer("query", queries, element_bytes);
  call.key = arguments.buffer("key", keys, element_bytes);
  call.value = arguments.buffer("value", keys, element_bytes);
}

void read_norm(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("norm")) return;
  const std::string kind = arguments.text("norm");
  if (kind != "rms" && kind != "layer") arguments.fail("norm", "rms or layer");
  const size_t channels = call.options.head_dim;
  call.options.norm.kind = kind == "rms" ? NormKind::kRms : NormKind::kLayer;
  call.options.norm.epsilon = static_cast<float>(arguments.number("epsilon"));
  call.query_weight = arguments.optional_buffer("queryWeight", channels);
  call.key_weight = arguments.optional_buffer("keyWeight", channels);
  call.query_bias = arguments.optional_buffer("queryBias", channels);
  call.key_bias = arguments.optional_buffer("keyBias", channels);
}

void read_rotary(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("pairing")) return;
  const std::string pairing = arguments.text("pairing");
  if (pairing != "interleaved" && pairing != "half") arguments.fail("pairing", "interleaved or half");
  const FrontOptions& options = call.options;
  if (options.head_dim % 2 != 0 || options.query_tokens != options.key_tokens) {
    arguments.fail("pairing", "an even headDim and as many keys as queries");
  }
  call.options.rotary.pairing = pairing == "half" ? RotaryPairing::kHalf : RotaryPairing::kInterleaved;
  call.cosine = arguments.buffer("cos", product({options.query_tokens, options.head_dim / 2}));
  call.sine = arguments.buffer("sin", product({options.query_tokens, options.head_dim / 2}));
}

void read_orders(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("orders")) return;
  const FrontOptions& options = call.options;
  call.orders = arguments.resources<TokenOrder>("orders");
  call.order_choice = arguments.words("orderChoice");
  if (options.query_tokens != options.key_tokens) arguments.fail("orders", "as many keys as queries");
  if (call.order_choice.size() != options.heads) arguments.fail("orderChoice", "one order for each head");
  for (const uint32_t choice : call.order_choice) {
    if (choice >= call.orders.size()) arguments.fail("orderChoice", "orders that are there");
  }
  for (const auto& order : call.orders) {
    if (order && order->indices.size() != options.query_tokens) arguments.fail("orders", "as many indices as tokens");
  }
}

void read_key_lengths(const Arguments& arguments, FrontCall& call) {
  if (!arguments.has("keyLengths")) return;
  call.key_lengths = arguments.words("keyLengths");
  bool fits = call.key_lengths.size() == call.options.batch;
  for (const uint32_t length : call.key_lengths) fits = fits && length >= 1 && length <= call.options.key_tokens;
  if (!fits) arguments.fail("keyLengths", "1 to keyTokens for each batch row");
}

void read_quantization(const Arguments& arguments, FrontCall& call) {
  attention::Quantization& quantization = call.options.quantization;
  const auto bits_of = [&](const char* name) {
    const size_t bits = arguments.size(name);
    if (bits != 0 && bits != 4 && bits != 8) arguments.fail(name, "0, 4 or 8");
    return static_cast<unsigned>(bits);
  };
  quantization.query_key_bits = bits_of("queryKeyBits");
  quantization.value_bits = bits_of("valueBits");
  quantization.smooth_keys = arguments.flag("smoothKeys");
  quantization.rank1_values = arguments.flag("rank1Values");
  const bool codes = quantization.query_key_bits > 0 || quantization.value_bits > 0;
  const bool narrow = call.options.query_key_type == attention::NumberType::kBf16 ||
                      call.options.value_type == attention::NumberType::kBf16;
  if (codes && narrow) arguments.fail("queryKeyType", "f32 beside codes");
  if (quantization.value_bits == 0) return;
  const std::string group = arguments.text("probabilityGroup");
  if (group != "tile" && group != "tileRow" && group != "row") {
    arguments.fail("probabilityGroup", "tile, tileRow or row");
  }
  quantization.group = group == "tile"      ? attention::ProbabilityGroup::kTile
                       : group == "tileRow" ? attention::ProbabilityGroup::kTileRow
                                            : attention::ProbabilityGroup::kRow;
  const size_t largest = arguments.size("largestProbabilityCode");
  if (largest < 1 || largest > 255) arguments.fail("largestProbabilityCode", "1 to 255");
  quantization.largest_probability_code = static_cast<float>(largest);
}

attention::OperandsPtr prepare(const FrontCall& call, MemoryPool& pool, const CancelFlag* cancelled) {
  FrontOptions options = call.options;
  const auto floats = [](const BufferPtr& buffer) -> const float* { return buffer ? buffer->floats() : nullptr; };
  options.query = call.query->data();
  options.key = call.key->data();
  options.value = call.value->data();
  options.query_partition = {call.query_starts.data(), call.query_starts.size() - 1};
  options.key_partition = {call.key_starts.data(), call.key_starts.size() - 1};
  options.norm.query_weight = floats(call.query_weight);
  options.norm.key_weight = floats(call.key_weight);
  options.norm.query_bias = floats(call.query_bias);
  options.norm.key_bias = floats(call.key_bias);
  options.rotary.cosine = floats(call.cosine);
  options.rotary.sine = floats(call.sine);
  std::vector<const uint32_t*> indices;
  for (const auto& order : call.orders) indices.push_back(order ? order->indices.data() : nullptr);
  options.orders = {indices.data(), indices.size(), call.order_choice.data()};
  options.key_lengths = call.key_lengths.empty() ? nullptr : call.key_lengths.data();
  options.allocator = pool.allocator();
  attention::Status status = attention::Status::kOk;
  attention::OperandsPtr panels = attention::prepare_attention(options, cancelled, &status);
  if (status == attention::Status::kCancelled) throw Cancelled{};
  return panels;
}

}  // namespace

Napi::Value issue_prepare_attention(const View& view, const Arguments& arguments) {
  auto call = std::make_shared<FrontCall>();
  read_sizes(arguments, *call);
  read_tensors(arguments, *call);
  read_norm(arguments, *call);
  read_rotary(arguments, *call);
  read_orders(arguments, *call);
  read_key_lengths(arguments, *call);
  read_quantization(arguments, *call);
  const FrontOptions& options = call->options;
  const attention::OperandsShape shape = {options.batch,           options.heads,
                                          options.head_dim,        options.query_tokens,
                                          options.key_tokens,      call->query_starts.size() - 1,
                                          call->key_starts.size() - 1, 0, options.type};
  Issue issue(view, "prepareAttention");
  issue.label(arguments.text("label")).reads(call->query).reads(call->key).reads(call->value);
  issue.reads(call->query_weight).reads(call->key_weight).reads(call->query_bias).reads(call->key_bias);
  issue.reads(call->cosine).reads(call->sine);
  const auto operands = issue.makes(std::make_shared<Operands>(view.stream->pool(), shape));
  issue.runs([call, operands](const Running& running) {
    operands->panels = prepare(*call, *operands->pool, running.cancelled);
  });
  return handle_of(arguments.env(), operands);
}

Napi::Value issue_create_order(const View&, const Arguments& arguments) {
  std::vector<uint32_t> indices = arguments.words("indices");
  std::vector<bool> seen(indices.size(), false);
  for (const uint32_t index : indices) {
    if (index >= indices.size() || seen[index]) arguments.fail("indices", "each token once");
    seen[index] = true;
  }
  return handle_of(arguments.env(), std::make_shared<TokenOrder>(std::move(indices)));
}

}  // namespace paroattn
