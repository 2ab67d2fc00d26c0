#include "c_api/c_api.h"

#include <cstdio>
#include <string>

#include "c_api/guard.h"

namespace paroattn {
namespace cuda {
namespace {

thread_local std::string last_error;

cudaError_t facts_of(int device, DeviceFacts* facts) {
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device)) return error;
  *facts = DeviceFacts{};
  std::snprintf(facts->name, sizeof(facts->name), "%s", properties.name);
  facts->capability_major = properties.major;
  facts->capability_minor = properties.minor;
  facts->multiprocessors = properties.multiProcessorCount;
  facts->l2_bytes = properties.l2CacheSize;
  facts->shared_bytes_per_block = static_cast<int32_t>(properties.sharedMemPerBlockOptin);
  facts->shared_bytes_per_multiprocessor = static_cast<int32_t>(properties.sharedMemPerMultiprocessor);
  facts->memory_bytes = properties.totalGlobalMem;
  if (const cudaError_t error = cudaDriverGetVersion(&facts->driver_version)) return error;
  return cudaRuntimeGetVersion(&facts->runtime_version);
}

}  // namespace

void remember_error(const char* text) { last_error = text; }

}  // namespace cuda
}  // namespace paroattn

using namespace paroattn::cuda;

const char* paroattn_last_error() { return last_error.c_str(); }
const char* paroattn_error_name(int error) { return cudaGetErrorName(static_cast<cudaError_t>(error)); }
const char* paroattn_error_text(int error) { return cudaGetErrorString(static_cast<cudaError_t>(error)); }

int paroattn_emulated() {
#if defined(PAROATTN_EMULATED)
  return 1;
#else
  return 0;
#endif
}

int paroattn_device_facts(int device, DeviceFacts* facts) {
  return guarded([&] { return facts_of(device, facts); });
}
int paroattn_packed_head_dim(int head_dim) { return packed_head_dim(head_dim); }

int paroattn_attention(const AttentionProblem* problem, cudaStream_t stream) {
  return guarded([&] { return attention(*problem, stream); });
}
int paroattn_front(const FrontProblem* problem, cudaStream_t stream) {
  return guarded([&] { return front(*problem, stream); });
}
int paroattn_block_statistics(const StatisticsProblem* problem, cudaStream_t stream) {
  return guarded([&] { return block_statistics(*problem, stream); });
}

int paroattn_attention_reference(const AttentionProblem* problem) {
  return guarded([&] { return attention_reference(*problem), cudaSuccess; });
}
int paroattn_front_reference(const FrontProblem* problem) {
  return guarded([&] { return front_reference(*problem), cudaSuccess; });
}
int paroattn_block_statistics_reference(const StatisticsProblem* problem) {
  return guarded([&] { return block_statistics_reference(*problem), cudaSuccess; });
}

int paroattn_allocate(void** pointer, size_t bytes) {
  return guarded([&] { return cudaMalloc(pointer, bytes); });
}
int paroattn_free(void* pointer) {
  return guarded([&] { return cudaFree(pointer); });
}
int paroattn_copy_to_device(void* device, const void* host, size_t bytes) {
  return guarded([&] { return cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice); });
}
int paroattn_copy_to_host(void* host, const void* device, size_t bytes) {
  return guarded([&] { return cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost); });
}
int paroattn_synchronize() {
  return guarded([] { return cudaDeviceSynchronize(); });
}
