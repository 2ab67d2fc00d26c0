// Sizes and offsets of the structs that cross the C API.
#include <cstddef>
#include <string>

#include "c_api/c_api.h"

namespace paroattn {
namespace cuda {
namespace {

std::string describe() {
  std::string text;
  const auto line = [&text](const char* name, size_t first, size_t second, bool field) {
    text += name;
    text += ' ';
    text += std::to_string(first);
    if (field) text += ' ' + std::to_string(second);
    text += '\n';
  };
#define STRUCT(type) line(#type, sizeof(type), 0, false)
#define FIELD(type, field) line(#type "." #field, offsetof(type, field), sizeof(type::field), true)
  STRUCT(PackedOperands);
  FIELD(PackedOperands, element);
  FIELD(PackedOperands, batch);
  FIELD(PackedOperands, heads);
  FIELD(PackedOperands, key_heads);
  FIELD(PackedOperands, head_dim);
  FIELD(PackedOperands, query_tokens);
  FIELD(PackedOperands, key_tokens);
  FIELD(PackedOperands, query_blocks);
  FIELD(PackedOperands, key_blocks);
  FIELD(PackedOperands, scale);
  FIELD(PackedOperands, query);
  FIELD(PackedOperands, key);
  FIELD(PackedOperands, value);
  FIELD(PackedOperands, key_counts);
  FIELD(PackedOperands, query_rows);
  FIELD(PackedOperands, order_choice);

  STRUCT(WorkItem);
  FIELD(WorkItem, head);
  FIELD(WorkItem, query_block);

  STRUCT(AttentionProblem);
  FIELD(AttentionProblem, operands);
  FIELD(AttentionProblem, mask);
  FIELD(AttentionProblem, mask_batch);
  FIELD(AttentionProblem, mask_words);
  FIELD(AttentionProblem, items);
  FIELD(AttentionProblem, item_count);
  FIELD(AttentionProblem, output_element);
  FIELD(AttentionProblem, output);
  FIELD(AttentionProblem, row_scale);
  FIELD(AttentionProblem, residual);
  FIELD(AttentionProblem, log_sum_exp);
  FIELD(AttentionProblem, counter);
  FIELD(AttentionProblem, cancelled);

  STRUCT(Projection);
  FIELD(Projection, data);
  FIELD(Projection, batch_stride);
  FIELD(Projection, token_stride);

  STRUCT(FrontProblem);
  FIELD(FrontProblem, input_element);
  FIELD(FrontProblem, query);
  FIELD(FrontProblem, key);
  FIELD(FrontProblem, value);
  FIELD(FrontProblem, key_value_heads);
  FIELD(FrontProblem, key_rows);
  FIELD(FrontProblem, key_lengths);
  FIELD(FrontProblem, norm);
  FIELD(FrontProblem, epsilon);
  FIELD(FrontProblem, query_weight);
  FIELD(FrontProblem, key_weight);
  FIELD(FrontProblem, query_bias);
  FIELD(FrontProblem, key_bias);
  FIELD(FrontProblem, pairing);
  FIELD(FrontProblem, cosine);
  FIELD(FrontProblem, sine);
  FIELD(FrontProblem, query_factor);
  FIELD(FrontProblem, packed);

  STRUCT(StatisticsProblem);
  FIELD(StatisticsProblem, operands);
  FIELD(StatisticsProblem, log_sum_exp);
  FIELD(StatisticsProblem, epsilon);
  FIELD(StatisticsProblem, sum);
  FIELD(StatisticsProblem, maximum);
  FIELD(StatisticsProblem, small_count);
  FIELD(StatisticsProblem, cancelled);

  STRUCT(DeviceFacts);
  FIELD(DeviceFacts, name);
  FIELD(DeviceFacts, capability_major);
  FIELD(DeviceFacts, capability_minor);
  FIELD(DeviceFacts, multiprocessors);
  FIELD(DeviceFacts, l2_bytes);
  FIELD(DeviceFacts, shared_bytes_per_block);
  FIELD(DeviceFacts, shared_bytes_per_multiprocessor);
  FIELD(DeviceFacts, driver_version);
  FIELD(DeviceFacts, runtime_version);
  FIELD(DeviceFacts, memory_bytes);

  STRUCT(WorkOrderProblem);
  FIELD(WorkOrderProblem, words);
  FIELD(WorkOrderProblem, mask_batch);
  FIELD(WorkOrderProblem, heads);
  FIELD(WorkOrderProblem, query_blocks);
  FIELD(WorkOrderProblem, key_blocks);
  FIELD(WorkOrderProblem, batch);
  FIELD(WorkOrderProblem, key_heads);
  FIELD(WorkOrderProblem, head_dim);
  FIELD(WorkOrderProblem, key_counts);

  STRUCT(LayerMasks);
  FIELD(LayerMasks, words);
  FIELD(LayerMasks, items);
  FIELD(LayerMasks, layers);
  FIELD(LayerMasks, words_per_layer);
  FIELD(LayerMasks, items_per_layer);

  STRUCT(DeviceMask);
  FIELD(DeviceMask, words);
  FIELD(DeviceMask, items);
  FIELD(DeviceMask, item_count);
#undef FIELD
#undef STRUCT
  return text;
}

}  // namespace
}  // namespace cuda
}  // namespace paroattn

const char* paroattn_layouts() {
  static const std::string text = paroattn::cuda::describe();
  return text.c_str();
}
