// An array that lives on the host and on the device.
#ifndef PAROATTN_CUDA_C_API_DEVICE_TEST_DEVICE_ARRAY_H_
#define PAROATTN_CUDA_C_API_DEVICE_TEST_DEVICE_ARRAY_H_

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/device.h"

namespace paroattn {
namespace cuda {

inline void require(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(std::vector<T> values) : host(std::move(values)) {
    // One element more, so that an empty array has an address too.
    require(cudaMalloc(reinterpret_cast<void**>(&device_), bytes() + sizeof(T)), "cudaMalloc");
    to_device();
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { (void)cudaFree(device_); }

  void to_device() { require(cudaMemcpy(device_, host.data(), bytes(), cudaMemcpyHostToDevice), "cudaMemcpy"); }
  void to_host() { require(cudaMemcpy(host.data(), device_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy"); }
  T* device() const { return device_; }
  size_t bytes() const { return host.size() * sizeof(T); }

  std::vector<T> host;

 private:
  T* device_ = nullptr;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_C_API_DEVICE_TEST_DEVICE_ARRAY_H_
