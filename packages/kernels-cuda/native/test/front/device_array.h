// Memory on the device with a copy on the host.
#ifndef PAROATTN_TEST_FRONT_DEVICE_ARRAY_H_
#define PAROATTN_TEST_FRONT_DEVICE_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common/device.h"

namespace paroattn {
namespace test {

inline void must(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::printf("FAILED %s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

// Bytes that no test may leave standing in an output: NaN in every float type, a negative integer.
constexpr uint8_t kPoison = 0xff;

class DeviceBytes {
 public:
  explicit DeviceBytes(size_t bytes) : host(bytes, kPoison) {
    if (bytes > 0) must(cudaMalloc(&device_, bytes), "cudaMalloc");
    upload();
  }
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { cudaFree(device_); }

  void upload() {
    if (!host.empty()) must(cudaMemcpy(device_, host.data(), host.size(), cudaMemcpyHostToDevice), "upload");
  }
  void download() {
    if (!host.empty()) must(cudaMemcpy(host.data(), device_, host.size(), cudaMemcpyDeviceToHost), "download");
  }
  void poison() {
    std::fill(host.begin(), host.end(), kPoison);
    upload();
  }
  // Null where there are no bytes: an argument that was left out.
  void* device() const { return device_; }
  template <typename Type>
  Type* as() {
    return host.empty() ? nullptr : reinterpret_cast<Type*>(host.data());
  }

  std::vector<uint8_t> host;

 private:
  void* device_ = nullptr;
};

template <typename Type>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : bytes_(count * sizeof(Type)) {}
  explicit DeviceArray(const std::vector<Type>& values) : DeviceArray(values.size()) {
    for (size_t i = 0; i < values.size(); ++i) host()[i] = values[i];
    upload();
  }
  void upload() { bytes_.upload(); }
  void download() { bytes_.download(); }
  void poison() { bytes_.poison(); }
  size_t size() const { return bytes_.host.size() / sizeof(Type); }
  Type* device() const { return static_cast<Type*>(bytes_.device()); }
  Type* host() { return bytes_.as<Type>(); }

 private:
  DeviceBytes bytes_;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_FRONT_DEVICE_ARRAY_H_
