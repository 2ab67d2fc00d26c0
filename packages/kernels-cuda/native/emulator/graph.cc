// Graphs: what is enqueued on a stream while it is captured is kept, and runs each time the graph is launched. One stream
// at a time, and no forks to other streams.
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "emulator/runtime_parts.h"

using Tasks = std::vector<std::function<void()>>;

struct CUgraph_st {
  Tasks tasks;
};
struct CUgraphExec_st {
  Tasks tasks;
};

namespace paroattn {
namespace emulator {
namespace {

// Of all streams. An invalid capture ends with an error.
std::atomic<int> captures{0};
std::atomic<bool> invalid{false};

// Calls that wait for the device, or that may: the strictest mode (cudaStreamCaptureModeGlobal) allows none to any thread.
// And what is not emulated in graphs.
constexpr const char* kForbidden[] = {
    "cudaMalloc",           "cudaFree",           "cudaHostAlloc",         "cudaMallocHost",      "cudaFreeHost",
    "cudaHostRegister",     "cudaHostUnregister", "cudaMemcpy",            "cudaDeviceSynchronize", "cudaStreamSynchronize",
    "cudaStreamQuery",      "cudaStreamDestroy",  "cudaStreamWaitEvent",   "cudaEventQuery",      "cudaEventSynchronize",
    "cudaLaunchHostFunc",
};

}  // namespace

bool is_capturing() { return captures.load() > 0; }

cudaError_t refuse_while_capturing(const char* function) {
  if (!is_capturing()) return cudaSuccess;
  for (const char* forbidden : kForbidden) {
    if (std::strcmp(forbidden, function) != 0) continue;
    invalid = true;
    return remember(cudaErrorStreamCaptureUnsupported);
  }
  return cudaSuccess;
}

}  // namespace emulator
}  // namespace paroattn

using namespace paroattn::emulator;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  ADMIT("cudaStreamBeginCapture");
  if (mode != cudaStreamCaptureModeGlobal) return remember(cudaErrorNotSupported);
  const std::shared_ptr<CUstream_st> stream = find_stream(handle);
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  // The default stream cannot be captured; of several at once there is no need here.
  if (handle == nullptr || is_capturing()) return remember(cudaErrorStreamCaptureUnsupported);
  ++captures;
  invalid = false;
  stream->begin_capture();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  *graph = nullptr;
  const std::shared_ptr<CUstream_st> stream = find_stream(handle);
  if (stream == nullptr || !stream->capturing()) return remember(cudaErrorInvalidValue);
  // Whatever happened meanwhile, it ends here.
  Tasks tasks = stream->end_capture();
  --captures;
  ADMIT("cudaStreamEndCapture");
  if (invalid) return remember(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st{std::move(tasks)};
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) {
  ADMIT("cudaGraphInstantiate");
  if (graph == nullptr || flags != 0) return remember(cudaErrorInvalidValue);
  *executable = new CUgraphExec_st{graph->tasks};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  ADMIT("cudaGraphLaunch");
  if (executable == nullptr) return remember(cudaErrorInvalidValue);
  for (const std::function<void()>& task : executable->tasks) {
    if (const cudaError_t error = enqueue(stream, task); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  ADMIT("cudaGraphDestroy");
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  ADMIT("cudaGraphExecDestroy");
  delete executable;
  return cudaSuccess;
}
