// device.h for nvcc, and for g++ where host code of the same build includes it. The twin is emulator/launch.h.
#ifndef PAROATTN_CUDA_COMMON_LAUNCH_H_
#define PAROATTN_CUDA_COMMON_LAUNCH_H_

#include <cuda_runtime.h>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace paroattn {
namespace cuda {

struct LaunchShape {
  dim3 grid;
  dim3 block;
  size_t shared_bytes = 0;  // dynamic
};

// Arguments are converted to the kernel's parameters. More than 48 KiB of shared memory must be allowed before, with
// cudaFuncSetAttribute.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), const LaunchShape& shape, cudaStream_t stream,
                   Arguments&&... arguments) {
  std::tuple<std::decay_t<Parameters>...> values(std::forward<Arguments>(arguments)...);
  return std::apply(
      [&](auto&... value) {
        void* addresses[] = {const_cast<void*>(static_cast<const void*>(&value))..., nullptr};
        return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), shape.grid, shape.block, addresses,
                                shape.shared_bytes, stream);
      },
      values);
}

#if defined(__CUDACC__)
// The block's dynamic shared memory. Its start is aligned to 128 bytes.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char paroattn_dynamic_shared[];
  return reinterpret_cast<T*>(paroattn_dynamic_shared);
}
#endif

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_LAUNCH_H_
