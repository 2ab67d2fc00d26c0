// A CUDA stream with its owner.
#ifndef PAROATTN_CUDA_ADDON_CUDA_STREAM_H_
#define PAROATTN_CUDA_ADDON_CUDA_STREAM_H_

#include <memory>
#include <utility>

#include "cuda_error.h"
#include "lease.h"

namespace paroattn {
namespace cuda {

class CudaStream {
 public:
  // Throws CudaError.
  explicit CudaStream(std::shared_ptr<const Lease> lease) : lease_(std::move(lease)) {
    const Lease::Use use(*lease_);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  // Waits for what is enqueued.
  ~CudaStream() {
    const Lease::Use use(*lease_);
    if (!use.alive()) return;
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t get() const noexcept { return stream_; }

 private:
  const std::shared_ptr<const Lease> lease_;
  cudaStream_t stream_ = nullptr;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_CUDA_STREAM_H_
