// Masks of all layers in pinned host memory, two of them on the device: while one layer computes, the next one's mask
// is copied on a stream of its own.
#ifndef PAROATTN_CUDA_ATTENTION_MASK_PREFETCH_H_
#define PAROATTN_CUDA_ATTENTION_MASK_PREFETCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "attention/attention.h"
#include "common/device.h"

namespace paroattn {
namespace cuda {

// A layer's mask as work_order.h makes it. Without words and items: a dense layer.
struct LayerMask {
  std::vector<uint32_t> words;
  std::vector<WorkItem> items;
};

// The same on the device: AttentionProblem::mask, items and item_count.
struct DeviceMask {
  const uint32_t* words = nullptr;
  const WorkItem* items = nullptr;
  int item_count = 0;
};

// Of the device in use when it was made. Not for several threads at once, and not within the capture of a graph.
class MaskPrefetch {
 public:
  // Copies the layers, of which at least one has a mask. On failure *prefetch stays empty and nothing stays allocated.
  static cudaError_t create(const std::vector<LayerMask>& layers, std::unique_ptr<MaskPrefetch>* prefetch);
  // What used the masks must have finished.
  ~MaskPrefetch();
  MaskPrefetch(const MaskPrefetch&) = delete;
  MaskPrefetch& operator=(const MaskPrefetch&) = delete;

  // The mask of a layer, for work enqueued on the stream from now until the next call. The stream waits for its copy,
  // the host for nothing. Then starts the copy of the layer after it (after the last, the first) into the place of the
  // one acquired before, once the work enqueued with that one is done. Layers out of turn are copied when they are
  // asked for. The stream must live until the next call.
  cudaError_t acquire(int layer, cudaStream_t stream, DeviceMask* mask);

  size_t host_bytes() const { return host_bytes_; }  // pinned
  size_t device_bytes() const { return 2 * slot_bytes_; }
  int layers() const { return static_cast<int>(layers_.size()); }

 private:
  struct Layer {
    size_t offset;  // in the pinned memory: words, then items
    size_t words_bytes, items_bytes;
    int item_count;
  };
  struct Slot {
    char* memory = nullptr;
    int layer = -1;
    cudaEvent_t copied = nullptr;
    cudaEvent_t last_use = nullptr;
    bool used = false;  // last_use has been recorded
  };

  MaskPrefetch() = default;
  cudaError_t allocate(const std::vector<LayerMask>& layers);
  cudaError_t copy(int layer, Slot* slot);

  std::vector<Layer> layers_;
  char* host_ = nullptr;
  size_t host_bytes_ = 0, slot_bytes_ = 0;
  cudaStream_t copies_ = nullptr;
  Slot slots_[2];
  int current_ = -1;               // slot acquired last
  cudaStream_t stream_ = nullptr;  // with which
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ATTENTION_MASK_PREFETCH_H_
