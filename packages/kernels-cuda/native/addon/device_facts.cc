#include "device_facts.h"

#include "cuda_error.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr int kLeastMajor = 8;

// 13000 -> "13.0"
std::string version(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

[[noreturn]] void refuse_driver() {
  int runtime = 0;
  int driver = 0;
  cudaRuntimeGetVersion(&runtime);
  cudaDriverGetVersion(&driver);
  const std::string needed = "Expected an NVIDIA driver for CUDA " + version(runtime) + " or later but found ";
  if (driver == 0) throw DeviceError(needed + "none on this machine");
  throw DeviceError(needed + "one for CUDA " + version(driver));
}

int count_devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error == cudaErrorInsufficientDriver) refuse_driver();
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    throw DeviceError("Expected an NVIDIA GPU but found none: the driver shows no device");
  }
  if (error != cudaSuccess) throw DeviceError("Expected CUDA to start but found " + describe(error));
  return count;
}

}  // namespace

DeviceFacts inspect_device(int device) {
  const int count = count_devices();
  if (device < 0 || device >= count) {
    throw DeviceError("Expected device to be a whole number in 0.." + std::to_string(count - 1) + " but found " +
                      std::to_string(device));
  }
  cudaDeviceProp properties;
  const cudaError_t error = cudaGetDeviceProperties(&properties, device);
  if (error != cudaSuccess) throw DeviceError("Expected device " + std::to_string(device) + " to answer but found " + describe(error));
  DeviceFacts facts;
  facts.name = properties.name;
  facts.major = properties.major;
  facts.minor = properties.minor;
  facts.memory = properties.totalGlobalMem;
  if (facts.major < kLeastMajor) {
    throw DeviceError("Expected a GPU of compute capability 8.0 or later but found " + facts.name + " of " +
                      std::to_string(facts.major) + "." + std::to_string(facts.minor));
  }
  return facts;
}

}  // namespace cuda
}  // namespace paroattn
