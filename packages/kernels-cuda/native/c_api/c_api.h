// Plain C functions over the problems of the kernels, for callers that have no C++: ctypes of Python, and tests on a device.
//
// A function that can fail returns 0, a cudaError_t, or paroattn_invalid (-1) for what was refused on the host; then
// paroattn_last_error() says why. The problem structs are those of the kernels' headers; paroattn_layouts() tells their
// sizes and offsets, so that a mirror in another language can be checked before it is used.
#ifndef PAROATTN_CUDA_C_API_H_
#define PAROATTN_CUDA_C_API_H_

#include <cstddef>
#include <cstdint>

#include "attention/attention.h"
#include "attention/mask_prefetch.h"
#include "common/device.h"
#include "front/front.h"
#include "statistics/statistics.h"

#define PAROATTN_C_API extern "C" __attribute__((visibility("default")))

namespace paroattn {
namespace cuda {

// What a device is. Versions as CUDA counts them: 13.0 is 13000.
struct DeviceFacts {
  char name[256] = {};
  int32_t capability_major = 0;
  int32_t capability_minor = 0;
  int32_t multiprocessors = 0;
  int32_t l2_bytes = 0;
  int32_t shared_bytes_per_block = 0;  // the most a kernel may ask for
  int32_t shared_bytes_per_multiprocessor = 0;
  int32_t driver_version = 0;
  int32_t runtime_version = 0;
  uint64_t memory_bytes = 0;
};

// Arguments of paroattn_work_order. Host pointers.
struct WorkOrderProblem {
  const uint32_t* words = nullptr;  // AttentionProblem::mask: [mask_batch, heads, query_blocks, mask_words]
  int32_t mask_batch = 1;
  int32_t heads = 1;
  int32_t query_blocks = 1;
  int32_t key_blocks = 1;
  int32_t batch = 1;
  int32_t key_heads = 1;
  int32_t head_dim = 64;
  const int32_t* key_counts = nullptr;  // [batch, key_heads, key_blocks]; null: 64 each
};

// Masks of layers that have as many words and items each, one layer behind the other. Host pointers.
struct LayerMasks {
  const uint32_t* words = nullptr;
  const WorkItem* items = nullptr;
  int32_t layers = 0;
  int32_t words_per_layer = 0;
  int32_t items_per_layer = 0;
};

}  // namespace cuda
}  // namespace paroattn

constexpr int paroattn_invalid = -1;

// One line a struct, "STRUCT SIZE", and one line a field below it, "STRUCT.FIELD OFFSET SIZE"; bytes.
PAROATTN_C_API const char* paroattn_layouts();
// What the last call of this thread that returned paroattn_invalid complained about.
PAROATTN_C_API const char* paroattn_last_error();
PAROATTN_C_API const char* paroattn_error_name(int error);
PAROATTN_C_API const char* paroattn_error_text(int error);
// Whether this library runs kernels on a GPU (0) or in the emulator (1).
PAROATTN_C_API int paroattn_emulated();

PAROATTN_C_API int paroattn_device_facts(int device, paroattn::cuda::DeviceFacts* facts);
// Channels of a packed row; 0 for a head dim that the kernels lack.
PAROATTN_C_API int paroattn_packed_head_dim(int head_dim);

// The kernels: enqueue and return.
PAROATTN_C_API int paroattn_attention(const paroattn::cuda::AttentionProblem* problem, cudaStream_t stream);
PAROATTN_C_API int paroattn_front(const paroattn::cuda::FrontProblem* problem, cudaStream_t stream);
PAROATTN_C_API int paroattn_block_statistics(const paroattn::cuda::StatisticsProblem* problem, cudaStream_t stream);
// Their references, on host pointers.
PAROATTN_C_API int paroattn_attention_reference(const paroattn::cuda::AttentionProblem* problem);
PAROATTN_C_API int paroattn_front_reference(const paroattn::cuda::FrontProblem* problem);
PAROATTN_C_API int paroattn_block_statistics_reference(const paroattn::cuda::StatisticsProblem* problem);

// The order of work for a mask: AttentionProblem::items into items[capacity], and how many into *count. Refused: a query block
// without a live valid key, and more items than the capacity.
PAROATTN_C_API int paroattn_work_order(const paroattn::cuda::WorkOrderProblem* problem, paroattn::cuda::WorkItem* items,
                                       int capacity, int* count);
// Words of a row of the mask.
PAROATTN_C_API int paroattn_mask_words(int key_blocks);

// Masks that are copied one layer ahead (attention/mask_prefetch.h).
PAROATTN_C_API int paroattn_prefetch_create(const paroattn::cuda::LayerMasks* masks, paroattn::cuda::MaskPrefetch** prefetch);
PAROATTN_C_API int paroattn_prefetch_acquire(paroattn::cuda::MaskPrefetch* prefetch, int layer, cudaStream_t stream,
                                             paroattn::cuda::DeviceMask* mask);
PAROATTN_C_API void paroattn_prefetch_destroy(paroattn::cuda::MaskPrefetch* prefetch);

// Memory and order for callers that have neither torch nor the CUDA runtime.
PAROATTN_C_API int paroattn_allocate(void** pointer, size_t bytes);
PAROATTN_C_API int paroattn_free(void* pointer);
PAROATTN_C_API int paroattn_copy_to_device(void* device, const void* host, size_t bytes);
PAROATTN_C_API int paroattn_copy_to_host(void* host, const void* device, size_t bytes);
PAROATTN_C_API int paroattn_synchronize();

#endif  // PAROATTN_CUDA_C_API_H_
