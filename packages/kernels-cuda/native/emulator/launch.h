// Twin of kernels/common/launch.h.
#ifndef PAROATTN_EMULATOR_LAUNCH_H_
#define PAROATTN_EMULATOR_LAUNCH_H_

#include <functional>
#include <tuple>
#include <utility>

#include "emulator/block.h"
#include "emulator/runtime.h"

namespace paroattn {
namespace emulator {

cudaError_t enqueue_kernel(const void* kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                           std::function<void()> body);

}  // namespace emulator

namespace cuda {

struct LaunchShape {
  dim3 grid;
  dim3 block;
  size_t shared_bytes = 0;
};

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), const LaunchShape& shape, cudaStream_t stream,
                   Arguments&&... arguments) {
  std::tuple<std::decay_t<Parameters>...> copies(std::forward<Arguments>(arguments)...);
  return emulator::enqueue_kernel(reinterpret_cast<const void*>(kernel), shape.grid, shape.block, shape.shared_bytes,
                                  stream, [kernel, copies] { std::apply(kernel, copies); });
}

template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(emulator::current_block->dynamic_shared());
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_LAUNCH_H_
