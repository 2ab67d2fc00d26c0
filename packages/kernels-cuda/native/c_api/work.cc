// The host's work for masks, and their prefetch.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "attention/work_order.h"
#include "c_api/c_api.h"
#include "c_api/guard.h"

using namespace paroattn::cuda;

int paroattn_mask_words(int key_blocks) { return mask_words_of(key_blocks); }

int paroattn_work_order(const WorkOrderProblem* problem, WorkItem* items, int capacity, int* count) {
  return guarded([&] {
    const MaskShape shape{problem->mask_batch, problem->heads, problem->query_blocks, problem->key_blocks};
    PanelShape panels;
    panels.batch = problem->batch;
    panels.key_heads = problem->key_heads;
    panels.panel_bytes = size_t{2} * problem->key_blocks * kBlock * packed_head_dim(problem->head_dim) * 2;
    panels.key_counts = problem->key_counts;
    const size_t size =
        static_cast<size_t>(shape.batch) * shape.heads * shape.query_blocks * mask_words_of(shape.key_blocks);
    const std::vector<uint32_t> words(problem->words, problem->words + size);
    if (const auto dead = find_dead_row(words, shape, panels)) {
      throw std::invalid_argument("query block " + std::to_string(dead->query_block) + " of head " +
                                  std::to_string(dead->head) + " has no live valid key");
    }
    const std::vector<WorkItem> order = order_work(words, shape, panels);
    *count = static_cast<int>(order.size());
    if (*count > capacity) {
      throw std::invalid_argument("expected room for " + std::to_string(*count) + " items but found " +
                                  std::to_string(capacity));
    }
    std::copy(order.begin(), order.end(), items);
    return cudaSuccess;
  });
}

int paroattn_prefetch_create(const LayerMasks* masks, MaskPrefetch** prefetch) {
  return guarded([&] {
    std::vector<LayerMask> layers(masks->layers);
    for (int32_t i = 0; i < masks->layers; ++i) {
      const uint32_t* words = masks->words + static_cast<size_t>(i) * masks->words_per_layer;
      const WorkItem* items = masks->items + static_cast<size_t>(i) * masks->items_per_layer;
      layers[i].words.assign(words, words + masks->words_per_layer);
      layers[i].items.assign(items, items + masks->items_per_layer);
    }
    std::unique_ptr<MaskPrefetch> made;
    const cudaError_t error = MaskPrefetch::create(layers, &made);
    *prefetch = made.release();
    return error;
  });
}

int paroattn_prefetch_acquire(MaskPrefetch* prefetch, int layer, cudaStream_t stream, DeviceMask* mask) {
  return guarded([&] { return prefetch->acquire(layer, stream, mask); });
}

void paroattn_prefetch_destroy(MaskPrefetch* prefetch) { delete prefetch; }
