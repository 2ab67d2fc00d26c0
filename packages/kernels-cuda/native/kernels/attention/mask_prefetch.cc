#include "attention/mask_prefetch.h"

#include <algorithm>
#include <cstring>

namespace paroattn {
namespace cuda {
namespace {

size_t padded(size_t bytes) { return (bytes + 15) / 16 * 16; }

}  // namespace

cudaError_t MaskPrefetch::create(const std::vector<LayerMask>& layers, std::unique_ptr<MaskPrefetch>* prefetch) {
  prefetch->reset();
  if (layers.empty()) return cudaErrorInvalidValue;
  std::unique_ptr<MaskPrefetch> made(new MaskPrefetch());
  const cudaError_t error = made->allocate(layers);
  if (error == cudaSuccess) *prefetch = std::move(made);
  return error;
}

cudaError_t MaskPrefetch::allocate(const std::vector<LayerMask>& layers) {
  for (const LayerMask& layer : layers) {
    const size_t words_bytes = padded(layer.words.size() * sizeof(uint32_t));
    const size_t items_bytes = padded(layer.items.size() * sizeof(WorkItem));
    layers_.push_back({host_bytes_, words_bytes, items_bytes, static_cast<int>(layer.items.size())});
    host_bytes_ += words_bytes + items_bytes;
    slot_bytes_ = std::max(slot_bytes_, words_bytes + items_bytes);
  }
  if (slot_bytes_ == 0) return cudaErrorInvalidValue;  // nothing to prefetch
  void* memory = nullptr;
  cudaError_t error = cudaHostAlloc(&memory, host_bytes_, cudaHostAllocDefault);
  if (error != cudaSuccess) return error;
  host_ = static_cast<char*>(memory);
  std::memset(host_, 0, host_bytes_);
  for (size_t i = 0; i < layers.size(); ++i) {
    char* const to = host_ + layers_[i].offset;
    const size_t words = layers[i].words.size() * sizeof(uint32_t), items = layers[i].items.size() * sizeof(WorkItem);
    if (words > 0) std::memcpy(to, layers[i].words.data(), words);
    if (items > 0) std::memcpy(to + layers_[i].words_bytes, layers[i].items.data(), items);
  }
  error = cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking);
  if (error != cudaSuccess) return error;
  for (Slot& slot : slots_) {
    error = cudaMalloc(&memory, slot_bytes_);
    if (error != cudaSuccess) return error;
    slot.memory = static_cast<char*>(memory);
    error = cudaEventCreateWithFlags(&slot.copied, cudaEventDisableTiming);
    if (error != cudaSuccess) return error;
    error = cudaEventCreateWithFlags(&slot.last_use, cudaEventDisableTiming);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

MaskPrefetch::~MaskPrefetch() {
  if (copies_ != nullptr) {
    cudaStreamSynchronize(copies_);
    cudaStreamDestroy(copies_);
  }
  for (Slot& slot : slots_) {
    if (slot.copied != nullptr) cudaEventDestroy(slot.copied);
    if (slot.last_use != nullptr) cudaEventDestroy(slot.last_use);
    if (slot.memory != nullptr) cudaFree(slot.memory);
  }
  if (host_ != nullptr) cudaFreeHost(host_);
}

cudaError_t MaskPrefetch::copy(int layer, Slot* slot) {
  slot->layer = -1;
  cudaError_t error = cudaSuccess;
  if (slot->used) error = cudaStreamWaitEvent(copies_, slot->last_use, 0);
  if (error != cudaSuccess) return error;
  const Layer& from = layers_[static_cast<size_t>(layer)];
  error = cudaMemcpyAsync(slot->memory, host_ + from.offset, from.words_bytes + from.items_bytes,
                          cudaMemcpyHostToDevice, copies_);
  if (error != cudaSuccess) return error;
  error = cudaEventRecord(slot->copied, copies_);
  if (error == cudaSuccess) slot->layer = layer;
  return error;
}

cudaError_t MaskPrefetch::acquire(int layer, cudaStream_t stream, DeviceMask* mask) {
  *mask = DeviceMask();
  if (layer < 0 || layer >= layers()) return cudaErrorInvalidValue;
  cudaError_t error = cudaSuccess;
  if (current_ >= 0) {
    // All work with the mask acquired last is enqueued by now.
    error = cudaEventRecord(slots_[current_].last_use, stream_);
    if (error != cudaSuccess) return error;
    slots_[current_].used = true;
  }
  int place = slots_[0].layer == layer ? 0 : slots_[1].layer == layer ? 1 : -1;
  if (place < 0) {
    place = current_ == 0 ? 1 : 0;
    error = copy(layer, &slots_[place]);
    if (error != cudaSuccess) return error;
  }
  error = cudaStreamWaitEvent(stream, slots_[place].copied, 0);
  if (error != cudaSuccess) return error;
  current_ = place;
  stream_ = stream;

  const Layer& acquired = layers_[static_cast<size_t>(layer)];
  const char* const memory = slots_[place].memory;
  if (acquired.words_bytes > 0) mask->words = reinterpret_cast<const uint32_t*>(memory);
  if (acquired.items_bytes > 0) mask->items = reinterpret_cast<const WorkItem*>(memory + acquired.words_bytes);
  mask->item_count = acquired.item_count;

  const int next = (layer + 1) % layers();
  if (slots_[0].layer == next || slots_[1].layer == next) return cudaSuccess;
  return copy(next, &slots_[1 - place]);
}

}  // namespace cuda
}  // namespace paroattn
