#include "attention/attention.h"

#include <stdexcept>

#include "issue.h"
#include "operators/attention_resources.h"
#include "operators/prepare_attention.h"
#include "operators/table.h"
#include "wide_weight.h"

namespace paroattn {
namespace {

void raise(attention::Status status) {
  if (status == attention::Status::kCancelled) throw Cancelled{};
  if (status == attention::Status::kNoLiveKey) {
    throw std::runtime_error("expected a live valid key for every query row under the mask but found none for some");
  }
}

Napi::Value issue_prepare_mask(const View& view, const Arguments& arguments) {
  const size_t batch = arguments.size("batch");
  const size_t heads = arguments.size("heads");
  const size_t query_blocks = arguments.size("queryBlocks");
  const size_t key_blocks = arguments.size("keyBlocks");
  std::vector<uint8_t> bits = arguments.bytes("bits");
  // Live lists hold 16-bit block numbers.
  if (key_blocks > 65536) arguments.fail("keyBlocks", "at most 65536 blocks");
  const size_t blocks = product({query_blocks, key_blocks});
  if (bits.size() != product({batch, heads, (blocks + 7) / 8})) arguments.fail("bits", "a bit for each block");
  Issue issue(view, "prepareMask");
  const auto mask = issue.makes(std::make_shared<Mask>(batch, heads, query_blocks, key_blocks));
  issue.runs([mask, bits = std::move(bits)](const Running&) {
    mask->lists = attention::prepare_mask(bits.data(), mask->batch, mask->heads, mask->query_blocks, mask->key_blocks);
  });
  return handle_of(arguments.env(), mask);
}

void check_mask(const Arguments& arguments, const std::shared_ptr<Mask>& mask, const attention::OperandsShape& shape) {
  if (!mask) return;
  if ((mask->batch != 1 && mask->batch != shape.batch) || mask->heads != shape.heads ||
      mask->query_blocks != shape.query_blocks || mask->key_blocks != shape.key_blocks) {
    arguments.fail("mask", "a mask of the operands' heads and blocks");
  }
}

Napi::Value issue_attention(const View& view, const Arguments& arguments) {
  const auto operands = arguments.resource<Operands>("operands");
  const attention::OperandsShape& shape = operands->shape;
  const auto mask = arguments.optional_resource<Mask>("mask");
  check_mask(arguments, mask, shape);
  const size_t elements = product({shape.batch, shape.query_tokens, shape.heads, shape.head_dim});
  const size_t rows = product({shape.batch, shape.heads, shape.query_tokens});
  const BufferPtr bias =
      arguments.optional_buffer("bias", product({shape.heads, shape.query_tokens, shape.key_tokens}));
  const BufferPtr row_scale = arguments.optional_buffer("rowScale", rows);
  const size_t element_bytes = attention::bytes_of(shape.type);
  const BufferPtr residual = arguments.optional_buffer("residual", elements, element_bytes);
  Issue issue(view, "attention");
  issue.label(arguments.text("label")).reads(operands).reads(mask).reads(bias).reads(row_scale).reads(residual);
  const BufferPtr output = issue.makes(elements, element_bytes);
  const BufferPtr log_sum_exp = arguments.flag("returnLogSumExp") ? issue.makes(rows) : nullptr;
  issue.runs([=](const Running& running) {
    attention::AttentionOptions options;
    options.mask = mask ? mask->lists.get() : nullptr;
    options.bias = floats_or_null(bias);
    options.row_scale = floats_or_null(row_scale);
    options.residual = residual ? residual->data() : nullptr;
    options.log_sum_exp = log_sum_exp ? log_sum_exp->floats() : nullptr;
    raise(attention::attention(*operands->panels, options, output->data(), running.cancelled));
  });
  Napi::Object result = Napi::Object::New(arguments.env());
  result["output"] = handle_of(arguments.env(), output);
  if (log_sum_exp) result["logSumExp"] = handle_of(arguments.env(), log_sum_exp);
  return result;
}

Napi::Value issue_block_statistics(const View& view, const Arguments& arguments) {
  const auto operands = arguments.resource<Operands>("operands");
  const attention::OperandsShape& shape = operands->shape;
  const float epsilon = static_cast<float>(arguments.number("epsilon"));
  const BufferPtr log_sum_exp =
      arguments.buffer("logSumExp", product({shape.batch, shape.heads, shape.query_tokens}));
  Issue issue(view, "blockStatistics");
  issue.reads(operands).reads(log_sum_exp);
  const size_t tiles = product({shape.batch, shape.heads, shape.query_blocks, shape.key_blocks});
  const BufferPtr sum = issue.makes(tiles);
  const BufferPtr maximum = issue.makes(tiles);
  const BufferPtr small_count = issue.makes(tiles);
  issue.runs([=](const Running& running) {
    attention::StatisticsOptions options;
    options.log_sum_exp = log_sum_exp->floats();
    options.epsilon = epsilon;
    options.sum = sum->floats();
    options.maximum = maximum->floats();
    options.small_count = small_count->floats();
    raise(attention::block_statistics(*operands->panels, options, running.cancelled));
  });
  Napi::Object result = Napi::Object::New(arguments.env());
  result["sum"] = handle_of(arguments.env(), sum);
  result["maximum"] = handle_of(arguments.env(), maximum);
  result["smallCount"] = handle_of(arguments.env(), small_count);
  return result;
}

}  // namespace

std::vector<OperatorEntry> attention_operators() {
  return {{"createOrder", issue_create_order},
          {"prepareAttention", issue_prepare_attention},
          {"prepareMask", issue_prepare_mask},
          {"attention", issue_attention},
          {"blockStatistics", issue_block_statistics}};
}

}  // namespace paroattn
