#include "emulator/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "emulator/block.h"
#include "emulator/device_memory.h"
#include "emulator/grid.h"
#include "emulator/launch.h"
#include "emulator/runtime_parts.h"
#include "emulator/settings.h"
#include "emulator/stream.h"
#include "emulator/symbol_name.h"
#include "emulator/watchdog.h"

namespace paroattn {
namespace emulator {
namespace {

constexpr int kRuntimeVersion = 13000;

// Never destroyed: workers of streams that nobody destroyed may outlive main().
struct Device {
  std::mutex running;  // one kernel at a time: there is one current block

  std::mutex mutex;  // of what follows
  Settings settings = read_settings();
  // Shared, because one thread may wait for a stream that another one destroys.
  std::map<cudaStream_t, std::shared_ptr<CUstream_st>> streams;
  std::shared_ptr<CUstream_st> default_stream;
  std::map<const void*, int> shared_limits;  // by kernel, what cudaFuncSetAttribute set
  std::string report;
  uint64_t launches = 0;

  std::atomic<int> sticky{cudaSuccess};  // what a kernel died of
  std::atomic<std::thread::id> in_host_function{};
};

Device& device() {
  static auto* it = new Device;
  return *it;
}

// A key of the C library rather than thread_local, which here means __shared__ (static_shared.h).
pthread_key_t last_error_key() {
  static const pthread_key_t key = [] {
    pthread_key_t out;
    pthread_key_create(&out, nullptr);
    return out;
  }();
  return key;
}

cudaError_t last_error() {
  return static_cast<cudaError_t>(reinterpret_cast<intptr_t>(pthread_getspecific(last_error_key())));
}

void set_last_error(cudaError_t error) {
  pthread_setspecific(last_error_key(), reinterpret_cast<void*>(static_cast<intptr_t>(error)));
}

std::vector<std::shared_ptr<CUstream_st>> all_streams(bool only_blocking) {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  std::vector<std::shared_ptr<CUstream_st>> out;
  if (it.default_stream != nullptr) out.push_back(it.default_stream);
  for (const auto& [handle, stream] : it.streams) {
    if (!only_blocking || stream->blocking_with_default()) out.push_back(stream);
  }
  return out;
}

}  // namespace

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) set_last_error(error);
  return error;
}

cudaError_t admit(const char* function) {
  Device& it = device();
  if (it.in_host_function.load() == std::this_thread::get_id()) return remember(cudaErrorNotPermitted);
  std::lock_guard<std::mutex> lock(it.mutex);
  for (Fault& fault : it.settings.faults) {
    if (fault.function != function && fault.function != "*") continue;
    if (fault.calls++ >= fault.after) return remember(static_cast<cudaError_t>(fault.code));
  }
  if (it.settings.driver / 1000 < kRuntimeVersion / 1000) return remember(cudaErrorInsufficientDriver);
  if (const int sticky = it.sticky.load(); sticky != cudaSuccess) return remember(static_cast<cudaError_t>(sticky));
  return refuse_while_capturing(function);
}

std::shared_ptr<CUstream_st> find_stream(cudaStream_t stream) {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  if (stream == nullptr) {
    if (it.default_stream == nullptr) it.default_stream = std::make_shared<CUstream_st>(true);
    return it.default_stream;
  }
  const auto found = it.streams.find(stream);
  return found == it.streams.end() ? nullptr : found->second;
}

// The default stream waits for the blocking ones, and they for it. Stricter than CUDA about when: at the call, and to
// the end.
cudaError_t enqueue(cudaStream_t handle, std::function<void()> task, bool late, Milestone* milestone) {
  const std::shared_ptr<CUstream_st> stream = find_stream(handle);
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  if (handle == nullptr) {
    // Work there would have to wait for what is captured, which does not run.
    if (is_capturing()) return remember(cudaErrorStreamCaptureImplicit);
    for (const auto& other : all_streams(true)) other->wait_until_idle();
  }
  const uint64_t position = stream->push(std::move(task), late);
  if (milestone != nullptr) milestone->place(stream, position);
  if (handle == nullptr) stream->wait_until_idle();
  return cudaSuccess;
}

namespace {

void wait_for_all() {
  for (const auto& stream : all_streams(false)) stream->wait_until_idle();
}

void die(cudaError_t error, const std::string& report) {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.report = report;
  it.sticky = error;
  if (!it.settings.quiet) std::fprintf(stderr, "CUDA emulator: %s\n", report.c_str());
}

// Work after a failure is dropped, but waiting for it ends.
bool dead() { return device().sticky.load() != cudaSuccess; }

size_t optin_shared_bytes(const Settings& settings) {
  const int capability = settings.major * 10 + settings.minor;
  switch (capability) {
    case 80:
    case 87:
      return 163 * 1024;
    case 90:
    case 100:
    case 103:
      return 227 * 1024;
    case 75:
      return 64 * 1024;
    default:
      return 99 * 1024;
  }
}

size_t multiprocessor_shared_bytes(const Settings& settings) { return optin_shared_bytes(settings) + 1024; }

Settings settings() {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  return it.settings;
}

int shared_limit(const void* kernel) {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  const auto found = it.shared_limits.find(kernel);
  return found == it.shared_limits.end() ? 48 * 1024 : found->second;
}

}  // namespace

std::string last_report() {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  return it.report;
}

void reload_settings() {
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.settings = read_settings();
}

cudaError_t enqueue_kernel(const void* kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                           std::function<void()> body) {
  ADMIT("cudaLaunchKernel");
  const Settings now = settings();
  if (now.major < 8) return remember(cudaErrorNoKernelImageForDevice);
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kMaxThreads || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
    return remember(cudaErrorInvalidConfiguration);
  }
  if (shared_bytes > static_cast<size_t>(shared_limit(kernel))) return remember(cudaErrorInvalidValue);

  auto launch = std::make_shared<Launch>();
  launch->grid = grid;
  launch->block = block;
  launch->shared_bytes = shared_bytes;
  launch->body = std::move(body);
  return enqueue(stream, [kernel, launch, now] {
    Device& it = device();
    std::lock_guard<std::mutex> lock(it.running);
    if (dead()) return;
    launch->name = symbol_name(kernel);
    std::string failure;
    for (const Fault& fault : now.faults) {
      if (!fault.kernel.empty() && launch->name.find(fault.kernel) != std::string::npos) {
        failure = "kernel " + launch->name + ": fails as PAROATTN_EMULATOR_FAIL asks";
      }
    }
    if (failure.empty()) {
      const Watch watch(*launch, now.timeout);
      failure = Grid::run(*launch, now.seed, now.multiprocessors, ++it.launches);
    }
    if (failure.empty()) {
      failure = damaged_allocation();
      if (!failure.empty()) failure = "kernel " + launch->name + ": " + failure;
    }
    if (!failure.empty()) die(cudaErrorLaunchFailure, failure);
  }, now.late == Late::kKernels);
}

cudaError_t set_function_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  ADMIT("cudaFuncSetAttribute");
  const Settings now = settings();
  if (now.major < 8) return remember(cudaErrorNoKernelImageForDevice);
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<size_t>(value) > optin_shared_bytes(now)) return remember(cudaErrorInvalidValue);
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.shared_limits[kernel] = value;
  return cudaSuccess;
}

cudaError_t get_function_attributes(cudaFuncAttributes* attributes, const void* kernel) {
  ADMIT("cudaFuncGetAttributes");
  const Settings now = settings();
  if (now.major < 8) return remember(cudaErrorNoKernelImageForDevice);
  *attributes = {};
  attributes->maxThreadsPerBlock = kMaxThreads;
  attributes->numRegs = 64;  // nobody counts them here
  attributes->ptxVersion = attributes->binaryVersion = now.major * 10 + now.minor;
  attributes->maxDynamicSharedSizeBytes = shared_limit(kernel);
  return cudaSuccess;
}

// By threads and dynamic shared memory: registers are not known here.
cudaError_t max_active_blocks(int* blocks, const void* kernel, int threads, size_t shared_bytes) {
  ADMIT("cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  const Settings now = settings();
  if (now.major < 8) return remember(cudaErrorNoKernelImageForDevice);
  if (threads <= 0) return remember(cudaErrorInvalidValue);
  *blocks = 0;
  if (threads > static_cast<int>(kMaxThreads) || shared_bytes > static_cast<size_t>(shared_limit(kernel))) {
    return cudaSuccess;
  }
  const size_t by_shared = multiprocessor_shared_bytes(now) / (shared_bytes + 1024);
  *blocks = static_cast<int>(std::min<size_t>({by_shared, 2048u / static_cast<unsigned>(threads), 32}));
  return cudaSuccess;
}

}  // namespace emulator
}  // namespace paroattn

using namespace paroattn::emulator;

cudaError_t cudaDriverGetVersion(int* version) {
  *version = settings().driver;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kRuntimeVersion;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  ADMIT("cudaGetDeviceCount");
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int number) {
  ADMIT("cudaSetDevice");
  return number == 0 ? cudaSuccess : remember(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDevice(int* number) {
  ADMIT("cudaGetDevice");
  *number = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int number) {
  ADMIT("cudaGetDeviceProperties");
  if (number != 0) return remember(cudaErrorInvalidDevice);
  const Settings now = settings();
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "CUDA emulator");
  properties->totalGlobalMem = now.memory;
  properties->sharedMemPerBlock = 48 * 1024;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  const int block[3] = {1024, 1024, 64}, grid[3] = {0x7fffffff, 65535, 65535};
  std::memcpy(properties->maxThreadsDim, block, sizeof block);
  std::memcpy(properties->maxGridSize, grid, sizeof grid);
  properties->major = now.major;
  properties->minor = now.minor;
  properties->multiProcessorCount = now.multiprocessors;
  properties->canMapHostMemory = 1;
  properties->concurrentKernels = 1;
  properties->asyncEngineCount = 2;
  properties->unifiedAddressing = 1;
  properties->memoryBusWidth = 5120;
  properties->l2CacheSize = 40 << 20;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->sharedMemPerMultiprocessor = multiprocessor_shared_bytes(now);
  properties->sharedMemPerBlockOptin = optin_shared_bytes(now);
  properties->maxBlocksPerMultiProcessor = 32;
  properties->reservedSharedMemPerBlock = 1024;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int number) {
  ADMIT("cudaDeviceGetAttribute");
  if (number != 0) return remember(cudaErrorInvalidDevice);
  const Settings now = settings();
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 * 1024; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMultiProcessorCount: *value = now.multiprocessors; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
    case cudaDevAttrComputeCapabilityMajor: *value = now.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = now.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = static_cast<int>(multiprocessor_shared_bytes(now)); break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(optin_shared_bytes(now)); break;
    default: return remember(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  ADMIT("cudaDeviceGetStreamPriorityRange");
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  ADMIT("cudaDeviceSynchronize");
  wait_for_all();
  return remember(static_cast<cudaError_t>(device().sticky.load()));
}

cudaError_t cudaDeviceReset() {
  wait_for_all();
  Device& it = device();
  std::map<cudaStream_t, std::shared_ptr<CUstream_st>> streams;
  {
    std::lock_guard<std::mutex> lock(it.mutex);
    streams.swap(it.streams);
    it.shared_limits.clear();
    it.report.clear();
    it.launches = 0;
    it.sticky = cudaSuccess;
  }
  streams.clear();
  free_all_device();
  set_last_error(cudaSuccess);
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error();
  set_last_error(static_cast<cudaError_t>(device().sticky.load()));
  return error;
}

cudaError_t cudaPeekAtLastError() { return last_error(); }

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  ADMIT("cudaMalloc");
  *memory = nullptr;
  if (bytes == 0) return cudaSuccess;
  *memory = allocate_device(bytes, settings().memory);
  return *memory == nullptr ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  ADMIT("cudaFree");
  if (memory == nullptr) return cudaSuccess;
  wait_for_all();
  return free_device(memory) ? cudaSuccess : remember(cudaErrorInvalidValue);
}

// Memory is there at once and goes when the stream comes to it.
cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t stream) {
  ADMIT("cudaMallocAsync");
  if (find_stream(stream) == nullptr) return remember(cudaErrorInvalidResourceHandle);
  *memory = nullptr;
  if (bytes == 0) return cudaSuccess;
  *memory = allocate_device(bytes, settings().memory);
  return *memory == nullptr ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  ADMIT("cudaFreeAsync");
  if (memory == nullptr) return cudaSuccess;
  if (!is_device_memory(memory, 0)) return remember(cudaErrorInvalidValue);
  return enqueue(stream, [memory] { free_device(memory); });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  ADMIT("cudaMemGetInfo");
  *total = settings().memory;
  const size_t used = device_bytes_used();
  *free = used < *total ? *total - used : 0;
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  ADMIT("cudaHostAlloc");
  *memory = allocate_host(bytes);
  return *memory == nullptr ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  ADMIT("cudaMallocHost");
  *memory = allocate_host(bytes);
  return *memory == nullptr ? remember(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  ADMIT("cudaFreeHost");
  if (memory == nullptr) return cudaSuccess;
  wait_for_all();
  return free_host(memory) ? cudaSuccess : remember(cudaErrorInvalidValue);
}

cudaError_t cudaHostRegister(void* memory, size_t bytes, unsigned) {
  ADMIT("cudaHostRegister");
  return register_host(memory, bytes) ? cudaSuccess : remember(cudaErrorHostMemoryAlreadyRegistered);
}

cudaError_t cudaHostUnregister(void* memory) {
  ADMIT("cudaHostUnregister");
  wait_for_all();
  return unregister_host(memory) ? cudaSuccess : remember(cudaErrorHostMemoryNotRegistered);
}

cudaError_t cudaHostGetDevicePointer(void** pointer, void* host, unsigned) {
  ADMIT("cudaHostGetDevicePointer");
  if (!is_locked_host_memory(host, 0)) return remember(cudaErrorInvalidValue);
  *pointer = host;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  ADMIT("cudaPointerGetAttributes");
  void* same = const_cast<void*>(pointer);
  if (is_device_memory(pointer, 0)) {
    *attributes = {cudaMemoryTypeDevice, 0, same, nullptr};
  } else if (is_locked_host_memory(pointer, 0)) {
    *attributes = {cudaMemoryTypeHost, 0, same, same};
  } else {
    *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, same};
  }
  return cudaSuccess;
}

namespace {

struct Rows {
  unsigned char* target;
  const unsigned char* source;
  size_t target_pitch, source_pitch, width, height;

  size_t target_bytes() const { return height == 0 ? 0 : (height - 1) * target_pitch + width; }
  size_t source_bytes() const { return height == 0 ? 0 : (height - 1) * source_pitch + width; }
  void copy() const {
    for (size_t row = 0; row < height; ++row) {
      std::memmove(target + row * target_pitch, source + row * source_pitch, width);
    }
  }
};

// Ordinary host memory is read before the call returns, and has been written when it returns, as CUDA does it.
cudaError_t copy_rows(Rows rows, cudaMemcpyKind kind, cudaStream_t stream) {
  if (rows.width > rows.target_pitch || rows.width > rows.source_pitch) return remember(cudaErrorInvalidValue);
  const bool to_device = is_device_memory(rows.target, 0), from_device = is_device_memory(rows.source, 0);
  const bool says_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool says_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return remember(cudaErrorInvalidMemcpyDirection);
  if (rows.target_bytes() == 0 || rows.width == 0) return cudaSuccess;
  if (kind != cudaMemcpyDefault && (says_to != to_device || says_from != from_device)) {
    return remember(cudaErrorInvalidValue);
  }
  if ((to_device && !is_device_memory(rows.target, rows.target_bytes())) ||
      (from_device && !is_device_memory(rows.source, rows.source_bytes()))) {
    return remember(cudaErrorInvalidValue);
  }
  const bool ordinary_source = !from_device && !is_locked_host_memory(rows.source, rows.source_bytes());
  const bool ordinary_target = !to_device && !is_locked_host_memory(rows.target, rows.target_bytes());
  std::shared_ptr<std::vector<unsigned char>> staged;
  if (ordinary_source) {
    staged = std::make_shared<std::vector<unsigned char>>(rows.source, rows.source + rows.source_bytes());
    rows.source = staged->data();
  }
  const bool late = to_device && !from_device && settings().late == Late::kCopies;
  const cudaError_t error = enqueue(stream, [rows, staged] {
    if (!dead()) rows.copy();
  }, late);
  if (error != cudaSuccess) return error;
  if (ordinary_target) {
    find_stream(stream)->wait_until_idle();
    return remember(static_cast<cudaError_t>(device().sticky.load()));
  }
  return cudaSuccess;
}

Rows one_row(void* target, const void* source, size_t bytes) {
  return {static_cast<unsigned char*>(target), static_cast<const unsigned char*>(source), bytes, bytes, bytes, 1};
}

}  // namespace

cudaError_t cudaMemcpy(void* target, const void* source, size_t bytes, cudaMemcpyKind kind) {
  ADMIT("cudaMemcpy");
  const cudaError_t error = copy_rows(one_row(target, source, bytes), kind, nullptr);
  return error != cudaSuccess ? error : remember(static_cast<cudaError_t>(device().sticky.load()));
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  ADMIT("cudaMemcpyAsync");
  return copy_rows(one_row(target, source, bytes), kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void* target, size_t target_pitch, const void* source, size_t source_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  ADMIT("cudaMemcpy2DAsync");
  return copy_rows({static_cast<unsigned char*>(target), static_cast<const unsigned char*>(source), target_pitch,
                    source_pitch, width, height},
                   kind, stream);
}

cudaError_t cudaMemset(void* memory, int value, size_t bytes) { return cudaMemsetAsync(memory, value, bytes, nullptr); }

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  ADMIT("cudaMemsetAsync");
  if (bytes == 0) return cudaSuccess;
  if (!is_readable_device_memory(memory, bytes)) return remember(cudaErrorInvalidValue);
  return enqueue(stream, [memory, value, bytes] {
    if (!dead()) std::memset(memory, value, bytes);
  });
}

namespace {

cudaError_t create_stream(cudaStream_t* stream, unsigned flags) {
  if (flags > cudaStreamNonBlocking) return remember(cudaErrorInvalidValue);
  const auto made = std::make_shared<CUstream_st>(flags == cudaStreamDefault);
  Device& it = device();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.streams.emplace(made.get(), made);
  *stream = made.get();
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  ADMIT("cudaStreamCreate");
  return create_stream(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  ADMIT("cudaStreamCreateWithFlags");
  return create_stream(stream, flags);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  ADMIT("cudaStreamCreateWithPriority");
  return create_stream(stream, flags);
}

// CUDA returns at once and frees the stream when its work is done; this waits.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  ADMIT("cudaStreamDestroy");
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<CUstream_st> found = find_stream(stream);
  if (found == nullptr) return remember(cudaErrorInvalidResourceHandle);
  Device& it = device();
  {
    std::lock_guard<std::mutex> lock(it.mutex);
    it.streams.erase(stream);
  }
  found->wait_until_idle();
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  ADMIT("cudaStreamQuery");
  const std::shared_ptr<CUstream_st> stream = find_stream(handle);
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  return stream->idle() ? remember(static_cast<cudaError_t>(device().sticky.load())) : cudaErrorNotReady;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  ADMIT("cudaStreamSynchronize");
  const std::shared_ptr<CUstream_st> stream = find_stream(handle);
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  stream->wait_until_idle();
  return remember(static_cast<cudaError_t>(device().sticky.load()));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  ADMIT("cudaStreamWaitEvent");
  if (event == nullptr) return remember(cudaErrorInvalidResourceHandle);
  std::shared_ptr<Milestone> milestone;
  {
    std::lock_guard<std::mutex> lock(event->mutex);
    milestone = event->recorded;
  }
  if (milestone == nullptr) return cudaSuccess;
  return enqueue(stream, [milestone] { milestone->wait(); });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  ADMIT("cudaLaunchHostFunc");
  if (function == nullptr) return remember(cudaErrorInvalidValue);
  return enqueue(stream, [function, data] {
    if (dead()) return;  // as CUDA: after an error host functions are not called
    Device& it = device();
    // One at a time; a second stream's function waits.
    static auto* one = new std::mutex;
    std::lock_guard<std::mutex> lock(*one);
    it.in_host_function = std::this_thread::get_id();
    function(data);
    it.in_host_function = std::thread::id();
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  ADMIT("cudaEventCreate");
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  ADMIT("cudaEventCreateWithFlags");
  *event = new CUevent_st;
  (*event)->timed = (flags & cudaEventDisableTiming) == 0;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  ADMIT("cudaEventDestroy");
  if (event == nullptr) return remember(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  ADMIT("cudaEventRecord");
  if (event == nullptr) return remember(cudaErrorInvalidResourceHandle);
  auto milestone = std::make_shared<Milestone>();
  const cudaError_t error = enqueue(stream, [milestone] { milestone->reach(); }, false, milestone.get());
  if (error != cudaSuccess) return error;
  std::lock_guard<std::mutex> lock(event->mutex);
  event->recorded = milestone;
  return cudaSuccess;
}

namespace {

std::shared_ptr<Milestone> recording(cudaEvent_t event) {
  std::lock_guard<std::mutex> lock(event->mutex);
  return event->recorded;
}

}  // namespace

cudaError_t cudaEventQuery(cudaEvent_t event) {
  ADMIT("cudaEventQuery");
  if (event == nullptr) return remember(cudaErrorInvalidResourceHandle);
  const auto milestone = recording(event);
  return milestone == nullptr || milestone->reached() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ADMIT("cudaEventSynchronize");
  if (event == nullptr) return remember(cudaErrorInvalidResourceHandle);
  const auto milestone = recording(event);
  if (milestone != nullptr) milestone->wait();
  return remember(static_cast<cudaError_t>(device().sticky.load()));
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  ADMIT("cudaEventElapsedTime");
  if (start == nullptr || end == nullptr || !start->timed || !end->timed) return remember(cudaErrorInvalidResourceHandle);
  const auto from = recording(start), to = recording(end);
  if (from == nullptr || to == nullptr) return remember(cudaErrorInvalidResourceHandle);
  if (!from->reached() || !to->reached()) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(to->time() - from->time()).count();
  return cudaSuccess;
}
