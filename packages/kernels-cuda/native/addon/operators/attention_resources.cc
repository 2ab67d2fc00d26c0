#include "operators/attention_resources.h"

#include "arguments.h"

namespace paroattn {
namespace cuda {

void Operands::allocate() {
  const int64_t row = packed_head_dim(packed.head_dim) * static_cast<int64_t>(size_of(packed.element));
  const int64_t query = product({packed.batch, packed.heads, packed.query_blocks, kBlock, row});
  const int64_t key = product({packed.batch, packed.key_heads, packed.key_blocks, kBlock, row});
  const int64_t counts = product({packed.batch, packed.key_heads, packed.key_blocks, 4});
  // Panels are multiples of 64 rows of at least 128 bytes: each part begins aligned.
  memory_ = DeviceMemory(pool_, static_cast<size_t>(query + 2 * key + counts));
  packed.query = memory_.data();
  packed.key = memory_.as<char>(static_cast<size_t>(query));
  packed.value = memory_.as<char>(static_cast<size_t>(query + key));
  packed.key_counts = memory_.as<int32_t>(static_cast<size_t>(query + 2 * key));
  packed.query_rows = query_rows->rows.as<int32_t>();
  packed.order_choice = order_choice ? order_choice->device.as<int32_t>() : nullptr;
}

Mask::Work& Mask::work_for(Stream& stream, const PackedOperands& operands) {
  const size_t panel_bytes =
      2 * static_cast<size_t>(operands.key_blocks) * kBlock *
      static_cast<size_t>(packed_head_dim(operands.head_dim)) * size_of(operands.element);
  for (const auto& work : works_) {
    if (work->batch == operands.batch && work->key_heads == operands.key_heads && work->panel_bytes == panel_bytes) {
      return *work;
    }
  }
  const PanelShape panels{operands.batch, operands.key_heads, panel_bytes, nullptr};
  const std::vector<WorkItem> items = order_work(words, shape, panels);
  auto work = std::make_unique<Work>();
  work->batch = operands.batch;
  work->key_heads = operands.key_heads;
  work->panel_bytes = panel_bytes;
  work->item_count = static_cast<int>(items.size());
  work->items = stream.prefetch(TableKind::kWorkItems, items.data(), items.size() * sizeof(WorkItem));
  works_.push_back(std::move(work));
  return *works_.back();
}

}  // namespace cuda
}  // namespace paroattn
