// What the files of the runtime's twin share (runtime.cc has most of it).
#ifndef PAROATTN_EMULATOR_RUNTIME_PARTS_H_
#define PAROATTN_EMULATOR_RUNTIME_PARTS_H_

#include <functional>
#include <memory>

#include "emulator/runtime.h"
#include "emulator/stream.h"

namespace paroattn {
namespace emulator {

// What a call of that function returns before it does anything, if not success.
cudaError_t admit(const char* function);
// Keeps an error for cudaGetLastError, and returns it.
cudaError_t remember(cudaError_t error);
// Null: no such stream.
std::shared_ptr<CUstream_st> find_stream(cudaStream_t stream);
// Runs the task in the stream's order, or keeps it for a graph where the stream is captured.
// `late`: see Late; `milestone` is told its place.
cudaError_t enqueue(cudaStream_t handle, std::function<void()> task, bool late = false, Milestone* milestone = nullptr);

// For calls that the capture of any stream forbids, such as those that wait or allocate: ends the capture as failed.
cudaError_t refuse_while_capturing(const char* function);
bool is_capturing();

#define ADMIT(function)                                                        \
  do {                                                                         \
    if (const cudaError_t refused = admit(function); refused != cudaSuccess) { \
      return refused;                                                          \
    }                                                                          \
  } while (false)

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_RUNTIME_PARTS_H_
