// Errors of the CUDA runtime as exceptions.
#ifndef PAROATTN_CUDA_ADDON_CUDA_ERROR_H_
#define PAROATTN_CUDA_ADDON_CUDA_ERROR_H_

#include <exception>
#include <string>

#include "common/device.h"

namespace paroattn {
namespace cuda {

// "an illegal memory access was encountered (cudaErrorIllegalAddress)"
inline std::string describe(cudaError_t error) {
  return std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) + ")";
}

class CudaError final : public std::exception {
 public:
  explicit CudaError(cudaError_t error) : error_(error), message_(describe(error)) {}
  cudaError_t error() const noexcept { return error_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  cudaError_t error_;
  std::string message_;
};

inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw CudaError(error);
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_CUDA_ERROR_H_
