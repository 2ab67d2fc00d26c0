// Runs one kernel on a fresh device, and reports what came of it.
#ifndef PAROATTN_TEST_EMULATOR_RUN_H_
#define PAROATTN_TEST_EMULATOR_RUN_H_

#include <cstdlib>
#include <string>
#include <vector>

#include "common/device.h"

namespace paroattn {
namespace test {

inline void set(const char* variable, const std::string& value) {
  if (value.empty()) {
    unsetenv(variable);
  } else {
    setenv(variable, value.c_str(), 1);
  }
  emulator::reload_settings();
}

// Many tests make kernels fail on purpose.
inline void start_quietly() { set("PAROATTN_EMULATOR_QUIET", "1"); }

struct Outcome {
  cudaError_t error;
  std::string report;
};

// Everything on the device is gone afterwards.
template <class... Parameters, class... Arguments>
Outcome run(void (*kernel)(Parameters...), const cuda::LaunchShape& shape, Arguments... arguments) {
  cudaError_t error = cuda::launch(kernel, shape, nullptr, arguments...);
  if (error == cudaSuccess) error = cudaDeviceSynchronize();
  Outcome out{error, emulator::last_report()};
  if (error != cudaSuccess) cudaDeviceReset();
  return out;
}

template <class T>
class DeviceVector {
 public:
  explicit DeviceVector(const std::vector<T>& values) : count_(values.size()) {
    if (cudaMalloc(&data_, count_ * sizeof(T)) != cudaSuccess) std::abort();
    cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice);
  }
  explicit DeviceVector(size_t count) : count_(count) {
    if (cudaMalloc(&data_, count_ * sizeof(T)) != cudaSuccess) std::abort();
  }
  DeviceVector(const DeviceVector&) = delete;
  DeviceVector& operator=(const DeviceVector&) = delete;
  ~DeviceVector() { cudaFree(data_); }

  T* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> out(count_);
    cudaMemcpy(out.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost);
    return out;
  }

 private:
  size_t count_;
  T* data_ = nullptr;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_EMULATOR_RUN_H_
