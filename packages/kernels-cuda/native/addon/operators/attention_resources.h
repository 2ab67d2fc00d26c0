// What the attention operators hand to each other.
#ifndef PAROATTN_CUDA_ADDON_OPERATORS_ATTENTION_RESOURCES_H_
#define PAROATTN_CUDA_ADDON_OPERATORS_ATTENTION_RESOURCES_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "attention/packed.h"
#include "attention/work_order.h"
#include "resource.h"
#include "stream.h"

namespace paroattn {
namespace cuda {

// Row tables of one partition in some orders, made once for all layers and steps that use them.
struct RowTable final : Resource {
  RowTable(std::shared_ptr<MemoryPool> pool, int tokens, int blocks, int orders)
      : tokens(tokens), blocks(blocks), orders(orders), pool_(std::move(pool)) {}
  void allocate() override {
    rows = DeviceMemory(pool_, sizeof(int32_t) * static_cast<size_t>(orders) * static_cast<size_t>(blocks) * kBlock);
  }
  void discard() noexcept override { rows.reset(); }

  const int tokens, blocks, orders;
  DeviceMemory rows;  // int32 [orders, blocks * 64]

 private:
  std::shared_ptr<MemoryPool> pool_;
};

// Which order each head takes.
struct OrderChoice final : Resource {
  OrderChoice(std::shared_ptr<MemoryPool> pool, std::vector<uint32_t> choice)
      : choice(std::move(choice)), pool_(std::move(pool)) {}
  void allocate() override { device = DeviceMemory(pool_, sizeof(int32_t) * choice.size()); }
  void discard() noexcept override { device.reset(); }

  const std::vector<uint32_t> choice;  // [heads]
  DeviceMemory device;

 private:
  std::shared_ptr<MemoryPool> pool_;
};

struct Operands final : Resource {
  Operands(std::shared_ptr<MemoryPool> pool, const PackedOperands& sizes, Element output_element)
      : packed(sizes), output_element(output_element), pool_(std::move(pool)) {}
  void allocate() override;
  void discard() noexcept override { memory_.reset(); }

  // Sizes are known at the call; pointers once it is allocated.
  PackedOperands packed;
  const Element output_element;  // the projections' type, and so the output's
  // Kept for as long as kernels read them.
  std::shared_ptr<RowTable> query_rows;
  std::shared_ptr<OrderChoice> order_choice;

 private:
  std::shared_ptr<MemoryPool> pool_;
  DeviceMemory memory_;
};

// A block mask on the device, and the orders of work that operands of some sizes ask for.
struct Mask final : Resource {
  Mask(const MaskShape& shape, std::vector<uint32_t> words) : shape(shape), words(std::move(words)) {}
  void discard() noexcept override { device.reset(); }

  // Starts its copy; commands that read it later wait for that. Throws OutOfMemory and CudaError.
  void prefetch(Stream& stream) {
    device = stream.prefetch(TableKind::kMaskWords, words.data(), words.size() * sizeof(uint32_t));
  }

  struct Work {
    int batch;
    int key_heads;
    size_t panel_bytes;
    int item_count;
    Prefetched items;
  };
  // Made when the first operands of such sizes come.
  Work& work_for(Stream& stream, const PackedOperands& operands);

  const MaskShape shape;
  const std::vector<uint32_t> words;  // [batch, heads, query_blocks, mask_words]
  Prefetched device;

 private:
  std::vector<std::unique_ptr<Work>> works_;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_OPERATORS_ATTENTION_RESOURCES_H_
