#include "issue.h"

#include "attention/attention.h"
#include "operators/attention_resources.h"
#include "operators/prepare_attention.h"
#include "operators/table.h"
#include "statistics/statistics.h"

namespace paroattn {
namespace cuda {
namespace {

Napi::Value issue_attention(const View& view, const Arguments& arguments) {
  const auto operands = arguments.resource<Operands>("operands");
  const PackedOperands& packed = operands->packed;
  const Element element = operands->output_element;
  const int64_t elements = product({packed.batch, packed.query_tokens, packed.heads, packed.head_dim});
  const int64_t rows = product({packed.batch, packed.heads, packed.query_tokens});
  const TensorArgument row_scale = arguments.optional_tensor("rowScale", rows, Element::kF32);
  const TensorArgument residual = arguments.optional_tensor("residual", elements, element);
  Issue issue(view, "attention");
  issue.label(arguments.text("label")).reads(operands).reads(row_scale).reads(residual);
  const BufferPtr output = issue.makes(elements, element);
  const BufferPtr log_sum_exp = arguments.flag("returnLogSumExp") ? issue.makes(rows, Element::kF32) : nullptr;
  issue.runs([&](const Running& running) {
    AttentionProblem problem;
    problem.operands = operands->packed;
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
          {"attention", issue_attention},
          {"blockStatistics", issue_block_statistics}};
}

}  // namespace cuda
}  // namespace paroattn
