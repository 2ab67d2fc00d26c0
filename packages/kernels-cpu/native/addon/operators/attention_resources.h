// What the attention operators hand to each other.
#ifndef PAROATTN_ADDON_OPERATORS_ATTENTION_RESOURCES_H_
#define PAROATTN_ADDON_OPERATORS_ATTENTION_RESOURCES_H_

#include <memory>
#include <utility>
#include <vector>

#include "attention/attention.h"
#include "resource.h"

namespace paroattn {

// Gather indices of one axis order, copied once for all layers that use them.
struct TokenOrder final : Resource {
  explicit TokenOrder(std::vector<uint32_t> indices) : indices(std::move(indices)) {}

  const std::vector<uint32_t> indices;  // [tokens], each token once
};

// Sizes are known when the command is issued, panels when it has run.
struct Operands final : Resource {
  Operands(std::shared_ptr<MemoryPool> pool, const attention::OperandsShape& shape)
      : shape(shape), pool(std::move(pool)) {}
  void discard() noexcept override { panels.reset(); }

  const attention::OperandsShape shape;
  const std::shared_ptr<MemoryPool> pool;  // before the panels that live in it
  attention::OperandsPtr panels;
};

struct Mask final : Resource {
  Mask(size_t batch, size_t heads, size_t query_blocks, size_t key_blocks)
      : batch(batch), heads(heads), query_blocks(query_blocks), key_blocks(key_blocks) {}
  void discard() noexcept override { lists.reset(); }

  const size_t batch, heads, query_blocks, key_blocks;
  std::unique_ptr<attention::Mask> lists;
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_OPERATORS_ATTENTION_RESOURCES_H_
