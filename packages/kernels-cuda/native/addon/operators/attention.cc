#include "issue.h"

#include "attention/attention.h"
#include "operators/attention_resources.h"
#include "operators/prepare_attention.h"
#include "operators/table.h"
#include "statistics/statistics.h"

namespace paroattn {
namespace cuda {
namespace {

Napi::Value issue_prepare_mask(const View& view, const Arguments& arguments) {
  MaskShape shape;
  shape.batch = arguments.count("batch");
  shape.heads = arguments.count("heads");
  shape.query_blocks = arguments.count("queryBlocks");
  shape.key_blocks = arguments.count("keyBlocks");
  const std::vector<uint8_t> bits = arguments.bytes("bits");
  if (shape.batch < 1 || shape.heads < 1 || shape.query_blocks < 1 || shape.key_blocks < 1) {
    arguments.fail("batch", "sizes of at least 1");
  }
  const int64_t bytes = (product({shape.query_blocks, shape.key_blocks}) + 7) / 8;
  if (static_cast<int64_t>(bits.size()) != product({shape.batch, shape.heads, bytes})) {
    arguments.fail("bits", "a bit for each block");
  }
  Issue issue(view, "prepareMask");
  const auto made = issue.makes(std::make_shared<Mask>(shape, mask_words(bits.data(), shape)));
  issue.runs([&](const Running&) {
    made->prefetch(*view.stream);
    return cudaSuccess;
  });
  return handle_of(arguments.env(), made);
}

void check_mask(const Arguments& arguments, const Mask* mask, const PackedOperands& packed) {
  if (mask == nullptr) return;
  const MaskShape& shape = mask->shape;
  if ((shape.batch != 1 && shape.batch != packed.batch) || shape.heads != packed.heads ||
      shape.query_blocks != packed.query_blocks || shape.key_blocks != packed.key_blocks) {
    arguments.fail("mask", "a mask of the operands' heads and blocks");
  }
}

void use_mask(Stream& stream, Mask* mask, AttentionProblem& problem) {
  if (mask == nullptr) return;
  Mask::Work& work = mask->work_for(stream, problem.operands);
  problem.mask = mask->device.ready<uint32_t>();
  problem.mask_batch = mask->shape.batch;
  problem.mask_words = mask_words_of(mask->shape.key_blocks);
  problem.items = work.items.ready<WorkItem>();
  problem.item_count = work.item_count;
}

Napi::Value issue_attention(const View& view, const Arguments& arguments) {
  const auto operands = arguments.resource<Operands>("operands");
  const PackedOperands& packed = operands->packed;
  const Element element = operands->output_element;
  const int64_t elements = product({packed.batch, packed.query_tokens, packed.heads, packed.head_dim});
  const int64_t rows = product({packed.batch, packed.heads, packed.query_tokens});
  const auto mask = arguments.optional_resource<Mask>("mask");
  check_mask(arguments, mask.get(), packed);
  const TensorArgument row_scale = arguments.optional_tensor("rowScale", rows, Element::kF32);
  const TensorArgument residual = arguments.optional_tensor("residual", elements, element);
  Issue issue(view, "attention");
  issue.label(arguments.text("label")).reads(operands).reads(mask).reads(row_scale).reads(residual);
  const BufferPtr output = issue.makes(elements, element);
  const BufferPtr log_sum_exp = arguments.flag("returnLogSumExp") ? issue.makes(rows, Element::kF32) : nullptr;
  issue.runs([&](const Running& running) {
    AttentionProblem problem;
    problem.operands = operands->packed;
    use_mask(*view.stream, mask.get(), problem);
    problem.output_element = element;
    problem.output = output->data();
    problem.row_scale = static_cast<const float*>(row_scale.data());
    problem.residual = residual.data();
    problem.log_sum_exp = log_sum_exp ? log_sum_exp->as<float>() : nullptr;
    problem.counter = running.counter;
    problem.cancelled = running.cancelled;
    return attention(problem, running.stream);
  });
  Napi::Object result = Napi::Object::New(arguments.env());
  result["output"] = handle_of(arguments.env(), output);
  if (log_sum_exp) result["logSumExp"] = handle_of(arguments.env(), log_sum_exp);
  return result;
}

Napi::Value issue_block_statistics(const View& view, const Arguments& arguments) {
  const auto operands = arguments.resource<Operands>("operands");
  const PackedOperands& packed = operands->packed;
  const float epsilon = static_cast<float>(arguments.number("epsilon"));
  const TensorArgument log_sum_exp =
      arguments.tensor("logSumExp", product({packed.batch, packed.heads, packed.query_tokens}), Element::kF32);
  Issue issue(view, "blockStatistics");
  issue.reads(operands).reads(log_sum_exp);
  const int64_t tiles = product({packed.batch, packed.heads, packed.query_blocks, packed.key_blocks});
  const BufferPtr sum = issue.makes(tiles, Element::kF32);
  const BufferPtr maximum = issue.makes(tiles, Element::kF32);
  const BufferPtr small_count = issue.makes(tiles, Element::kF32);
  issue.runs([&](const Running& running) {
    StatisticsProblem problem;
    problem.operands = operands->packed;
    problem.log_sum_exp = static_cast<const float*>(log_sum_exp.data());
    problem.epsilon = epsilon;
    problem.sum = sum->as<float>();
    problem.maximum = maximum->as<float>();
    problem.small_count = small_count->as<float>();
    problem.cancelled = running.cancelled;
    return block_statistics(problem, running.stream);
  });
  Napi::Object result = Napi::Object::New(arguments.env());
  result["sum"] = handle_of(arguments.env(), sum);
  result["maximum"] = handle_of(arguments.env(), maximum);
  result["smallCount"] = handle_of(arguments.env(), small_count);
  return result;
}

}  // namespace

std::vector<OperatorEntry> attention_operators() {
  return {{"createRowTable", issue_create_row_table},
          {"createOrderChoice", issue_create_order_choice},
          {"prepareAttention", issue_prepare_attention},
          {"prepareMask", issue_prepare_mask},
          {"attention", issue_attention},
          {"blockStatistics", issue_block_statistics}};
}

}  // namespace cuda
}  // namespace paroattn
