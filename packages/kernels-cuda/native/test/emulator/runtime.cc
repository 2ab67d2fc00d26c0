// The twin of the runtime API: order, asynchrony, memory, and the faults that it can be told to have.
#include "emulator/runtime.h"

#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "common/checks.h"
#include "run.h"

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

__device__ void write_down(int* log, int value) {
  const int at = atomicAdd(log, 1);
  log[1 + at] = value;
}
__global__ void append(int* log, int value) { write_down(log, value); }
__global__ void touch_shared(int* out) { *out = static_cast<int>(dynamic_shared<char>()[0]); }

struct Gate {
  std::atomic<bool> open{false};
  std::atomic<bool> reached{false};
};
void wait_at(void* gate) {
  auto& it = *static_cast<Gate*>(gate);
  it.reached = true;
  while (!it.open) std::this_thread::yield();
}

// Calls return before the work is done; a stream works in order.
void check_asynchrony(Checks& checks) {
  DeviceVector<int> log(std::vector<int>(8, 0));
  cudaStream_t stream;
  checks.equal(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess, "stream");
  Gate gate;
  checks.equal(cudaLaunchHostFunc(stream, wait_at, &gate), cudaSuccess, "host function");
  for (int i = 0; i < 3; ++i) checks.equal(launch(append, LaunchShape{1, 1}, stream, log.data(), 10 + i), cudaSuccess, "launch");
  cudaEvent_t event;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  checks.equal(cudaEventQuery(event), cudaSuccess, "an event never recorded is done");
  cudaEventRecord(event, stream);
  checks.equal(cudaStreamQuery(stream), cudaErrorNotReady, "busy stream");
  checks.equal(cudaEventQuery(event), cudaErrorNotReady, "event not reached");
  checks.equal(cudaGetLastError(), cudaSuccess, "not ready is no error");
  gate.open = true;
  checks.equal(cudaEventSynchronize(event), cudaSuccess, "event reached");
  checks.equal(cudaEventQuery(event), cudaSuccess, "event done");
  const auto values = log.values();
  checks.expect(values[0] == 3 && values[1] == 10 && values[2] == 11 && values[3] == 12, "work in order");
  cudaEventDestroy(event);
  checks.equal(cudaStreamDestroy(stream), cudaSuccess, "destroy");
  checks.equal(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle, "a stream that is gone");
}

// A captured stream runs nothing; its graph does, each time in order. What waits or allocates ends the capture.
void check_graphs(Checks& checks) {
  DeviceVector<int> log(std::vector<int>(8, 0));
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cudaGraph_t graph = nullptr;
  checks.equal(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported,
               "capture of the default stream");
  checks.equal(cudaStreamEndCapture(stream, &graph), cudaErrorInvalidValue, "the end of no capture");
  checks.equal(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess, "begin");
  for (int i = 0; i < 2; ++i) launch(append, LaunchShape{1, 1}, stream, log.data(), 10 + i);
  checks.equal(launch(append, LaunchShape{1, 1}, nullptr, log.data(), 0), cudaErrorStreamCaptureImplicit,
               "the default stream during a capture");
  checks.equal(cudaStreamEndCapture(stream, &graph), cudaSuccess, "end");
  cudaStreamSynchronize(stream);
  checks.expect(log.values()[0] == 0, "a capture runs nothing");
  cudaGraphExec_t executable = nullptr;
  checks.equal(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess, "instantiate");
  cudaGraphDestroy(graph);
  for (int i = 0; i < 2; ++i) checks.equal(cudaGraphLaunch(executable, stream), cudaSuccess, "launch of a graph");
  cudaStreamSynchronize(stream);
  const std::vector<int> values = log.values();
  checks.expect(std::vector<int>(values.begin(), values.begin() + 5) == std::vector<int>{4, 10, 11, 10, 11},
                "two replays, in order");
  cudaGraphExecDestroy(executable);

  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  checks.equal(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported, "waiting during a capture");
  checks.equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated, "the end of a capture that waited");
  checks.expect(graph == nullptr, "it yields no graph");
  cudaGetLastError();
  checks.equal(cudaStreamSynchronize(stream), cudaSuccess, "afterwards all is as before");
  cudaStreamDestroy(stream);
}

// One stream waits for another's event.
void check_events_across(Checks& checks) {
  DeviceVector<int> log(std::vector<int>(8, 0));
  cudaStream_t first, second;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEvent_t start, end;
  cudaEventCreate(&start);
  cudaEventCreate(&end);
  Gate gate;
  cudaEventRecord(start, first);
  cudaLaunchHostFunc(first, wait_at, &gate);
  launch(append, LaunchShape{1, 1}, first, log.data(), 1);
  cudaEventRecord(end, first);
  cudaStreamWaitEvent(second, end);
  launch(append, LaunchShape{1, 1}, second, log.data(), 2);
  while (!gate.reached) std::this_thread::yield();
  checks.equal(cudaStreamQuery(second), cudaErrorNotReady, "the second stream waits");
  float milliseconds = -1;
  checks.equal(cudaEventElapsedTime(&milliseconds, start, end), cudaErrorNotReady, "time of an event not reached");
  gate.open = true;
  cudaStreamSynchronize(second);
  checks.equal(cudaEventElapsedTime(&milliseconds, start, end), cudaSuccess, "time");
  checks.expect(milliseconds >= 0, "time passes");
  const auto values = log.values();
  checks.expect(values[0] == 2 && values[1] == 1 && values[2] == 2, "order across streams");
  for (cudaStream_t stream : {first, second}) cudaStreamDestroy(stream);
  for (cudaEvent_t event : {start, end}) cudaEventDestroy(event);
}

void calls_cuda(void* result) {
  int device;
  *static_cast<cudaError_t*>(result) = cudaGetDevice(&device);
}

void check_host_functions(Checks& checks) {
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaError_t result = cudaSuccess;
  cudaLaunchHostFunc(stream, calls_cuda, &result);
  cudaStreamSynchronize(stream);
  checks.equal(result, cudaErrorNotPermitted, "a host function may not call CUDA");
  cudaStreamDestroy(stream);
}

// Ordinary memory is read at the call; page-locked memory when the stream comes to it.
void check_copies(Checks& checks) {
  DeviceVector<int> out(2);
  int* locked = nullptr;
  checks.equal(cudaHostAlloc(&locked, 4, cudaHostAllocMapped), cudaSuccess, "page-locked memory");
  int* mapped = nullptr;
  checks.equal(cudaHostGetDevicePointer(&mapped, locked, 0), cudaSuccess, "mapped pointer");
  int ordinary = 1;
  *locked = 1;
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  Gate gate;
  cudaLaunchHostFunc(stream, wait_at, &gate);
  cudaMemcpyAsync(out.data(), &ordinary, 4, cudaMemcpyHostToDevice, stream);
  cudaMemcpyAsync(out.data() + 1, locked, 4, cudaMemcpyHostToDevice, stream);
  ordinary = *locked = 2;
  gate.open = true;
  cudaStreamSynchronize(stream);
  const auto values = out.values();
  checks.equal(values[0], 1, "ordinary memory");
  checks.equal(values[1], 2, "page-locked memory");

  checks.equal(cudaMemcpyAsync(out.data(), &ordinary, 4, cudaMemcpyDeviceToHost, stream), cudaErrorInvalidValue, "direction");
  std::vector<int> many(100);
  checks.equal(cudaMemcpyAsync(out.data(), many.data(), 400, cudaMemcpyHostToDevice, stream), cudaErrorInvalidValue, "size");
  checks.equal(cudaGetLastError(), cudaErrorInvalidValue, "last error");
  checks.equal(cudaGetLastError(), cudaSuccess, "last error is told once");
  checks.equal(cudaFreeHost(locked), cudaSuccess, "free page-locked memory");
  cudaStreamDestroy(stream);
}

// Late work is put off until somebody waits for it; on other streams the rest goes on.
void check_late(Checks& checks) {
  DeviceVector<int> log(std::vector<int>(8, 0));
  int* locked = nullptr;
  cudaHostAlloc(&locked, 4 * sizeof(int), cudaHostAllocDefault);
  cudaStream_t first, second;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEvent_t copied, appended;
  cudaEventCreateWithFlags(&copied, cudaEventDisableTiming);
  cudaEventCreateWithFlags(&appended, cudaEventDisableTiming);
  const auto idle = [&](cudaStream_t stream) { return cudaStreamQuery(stream) == cudaSuccess; };
  for (const char* late : {"copies", "kernels"}) {
    const bool copies = late == std::string("copies");
    const std::string name = std::string("late ") + late;
    set("PAROATTN_EMULATOR_LATE", late);
    locked[0] = 0;  // the log starts again
    cudaMemcpyAsync(log.data(), locked, sizeof(int), cudaMemcpyHostToDevice, first);
    cudaEventRecord(copied, first);
    launch(append, LaunchShape{1, 1}, second, log.data(), 5);
    cudaEventRecord(appended, second);
    const cudaStream_t soon = copies ? second : first;
    while (!idle(soon)) std::this_thread::yield();
    checks.expect(!idle(copies ? first : second) && cudaEventQuery(copies ? copied : appended) == cudaErrorNotReady,
                  name + " wait");
    // The other way round than they were enqueued, where copies are late: the append is lost.
    checks.equal(cudaEventSynchronize(copied), cudaSuccess, name + ": waiting for the copy");
    checks.equal(cudaEventSynchronize(appended), cudaSuccess, name + ": waiting for the kernel");
    checks.equal(log.values()[0], copies ? 0 : 1, name + ": order");

    // What waits for an event waits for the work before it.
    cudaMemcpyAsync(log.data(), locked, sizeof(int), cudaMemcpyHostToDevice, first);
    cudaEventRecord(copied, first);
    cudaStreamWaitEvent(second, copied);
    launch(append, LaunchShape{1, 1}, second, log.data(), 6);
    checks.equal(cudaStreamSynchronize(second), cudaSuccess, name + ": both");
    checks.expect(log.values()[0] == 1 && log.values()[1] == 6, name + ": behind an event");
  }
  set("PAROATTN_EMULATOR_LATE", "");
  cudaEventDestroy(copied);
  cudaEventDestroy(appended);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  cudaFreeHost(locked);
}

void check_memory(Checks& checks) {
  set("PAROATTN_EMULATOR_MEMORY", "1000000");
  size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  checks.expect(free == 1000000 && total == 1000000, "all memory is free");
  char *first = nullptr, *second = nullptr;
  checks.equal(cudaMalloc(&first, 600000), cudaSuccess, "fits");
  checks.equal(cudaMalloc(&second, 500000), cudaErrorMemoryAllocation, "does not fit");
  cudaMemGetInfo(&free, &total);
  checks.equal(free, 400000u, "free");
  checks.equal(cudaGetLastError(), cudaErrorMemoryAllocation, "last error of malloc");
  checks.equal(cudaMalloc(&second, 400000), cudaSuccess, "fits exactly");
  checks.equal(cudaFree(first + 4), cudaErrorInvalidValue, "free of no allocation");
  checks.equal(cudaFree(first), cudaSuccess, "free");
  checks.equal(cudaFree(first), cudaErrorInvalidValue, "free twice");
  checks.equal(cudaFree(second), cudaSuccess, "free of the other");
  checks.equal(cudaFree(nullptr), cudaSuccess, "free of nothing");
  cudaGetLastError();
  set("PAROATTN_EMULATOR_MEMORY", "");
}

void check_device(Checks& checks) {
  cudaDeviceProp properties;
  checks.equal(cudaGetDeviceProperties(&properties, 0), cudaSuccess, "properties");
  checks.expect(properties.major == 8 && properties.minor == 0 && properties.warpSize == 32, "an sm_80");
  checks.equal(cudaGetDeviceProperties(&properties, 1), cudaErrorInvalidDevice, "no second device");
  DeviceVector<int> out(1);
  checks.equal(launch(touch_shared, LaunchShape{1, 1, 50000}, nullptr, out.data()), cudaErrorInvalidValue, "48 KiB");
  checks.equal(cudaFuncSetAttribute(touch_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, 200 * 1024),
               cudaErrorInvalidValue, "more than the device has");
  checks.equal(cudaFuncSetAttribute(touch_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, 163 * 1024), cudaSuccess, "163 KiB");
  checks.equal(launch(touch_shared, LaunchShape{1, 1, 50000}, nullptr, out.data()), cudaSuccess, "more than 48 KiB");
  int blocks = 0;
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, touch_shared, 128, 48 * 1024);
  checks.equal(blocks, 3, "blocks by shared memory");
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, touch_shared, 512, 0);
  checks.equal(blocks, 4, "blocks by threads");
  checks.equal(launch(touch_shared, LaunchShape{1, 2048, 16}, nullptr, out.data()), cudaErrorInvalidConfiguration, "threads");
  checks.equal(launch(touch_shared, LaunchShape{0, 32, 16}, nullptr, out.data()), cudaErrorInvalidConfiguration, "no blocks");
  checks.expect(std::string(cudaGetErrorName(cudaErrorInsufficientDriver)) == "cudaErrorInsufficientDriver" &&
                    std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory",
                "names of errors");
  cudaGetLastError();
}

void check_faults(Checks& checks) {
  int number = -1;
  DeviceVector<int> out(std::vector<int>(8, 0));
  cudaStream_t stream;

  set("PAROATTN_EMULATOR_DRIVER", "0");
  checks.equal(cudaGetDeviceCount(&number), cudaErrorInsufficientDriver, "no driver");
  checks.equal(number, 0, "devices without a driver");
  checks.equal(cudaDriverGetVersion(&number), cudaSuccess, "version of no driver");
  checks.equal(number, 0, "version of no driver");
  set("PAROATTN_EMULATOR_DRIVER", "12080");
  checks.equal(cudaGetDeviceCount(&number), cudaErrorInsufficientDriver, "old driver");
  set("PAROATTN_EMULATOR_DRIVER", "");

  set("PAROATTN_EMULATOR_FAIL", "cudaGetDeviceCount:100;cudaStreamCreate:2");
  checks.equal(cudaGetDeviceCount(&number), cudaErrorNoDevice, "no device");
  checks.equal(cudaStreamCreate(&stream), cudaErrorMemoryAllocation, "no stream");
  checks.equal(cudaSetDevice(0), cudaSuccess, "another function");
  set("PAROATTN_EMULATOR_FAIL", "cudaMalloc:2:1");
  void* memory = nullptr;
  checks.equal(cudaMalloc(&memory, 8), cudaSuccess, "the first call");
  cudaFree(memory);
  checks.equal(cudaMalloc(&memory, 8), cudaErrorMemoryAllocation, "the second call");
  set("PAROATTN_EMULATOR_FAIL", "");

  set("PAROATTN_EMULATOR_CAPABILITY", "7.5");
  cudaDeviceProp properties;
  cudaGetDeviceProperties(&properties, 0);
  checks.expect(properties.major == 7 && properties.minor == 5, "capability");
  checks.equal(launch(append, LaunchShape{1, 1}, nullptr, out.data(), 1), cudaErrorNoKernelImageForDevice, "unsupported architecture");
  set("PAROATTN_EMULATOR_CAPABILITY", "");
  cudaGetLastError();
  checks.equal(run(append, LaunchShape{1, 1}, out.data(), 1).error, cudaSuccess, "a kernel once all is well");
}

// The same seed gives the same schedule, another one another.
__global__ void order(int* log) { write_down(log, static_cast<int>(threadIdx.x)); }

void check_seeds(Checks& checks) {
  const auto schedule = [](const char* seed) {
    set("PAROATTN_EMULATOR_SEED", seed);
    cudaDeviceReset();
    DeviceVector<int> log(std::vector<int>(65, 0));
    run(order, LaunchShape{1, 64}, log.data());
    return log.values();
  };
  const auto one = schedule("1"), two = schedule("2");
  checks.expect(one != two, "seeds differ");
  checks.expect(one == schedule("1"), "a seed repeats");
  set("PAROATTN_EMULATOR_SEED", "");
}

}  // namespace

int main() {
  start_quietly();
  Checks checks;
  check_asynchrony(checks);
  check_graphs(checks);
  check_events_across(checks);
  check_host_functions(checks);
  check_copies(checks);
  check_late(checks);
  check_memory(checks);
  check_device(checks);
  check_faults(checks);
  check_seeds(checks);
  return checks.finish();
}
