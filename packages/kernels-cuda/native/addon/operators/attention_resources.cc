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

}  // namespace cuda
}  // namespace paroattn
