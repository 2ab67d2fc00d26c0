// Which GPU it is, and whether these kernels run on it.
#ifndef PAROATTN_CUDA_ADDON_DEVICE_FACTS_H_
#define PAROATTN_CUDA_ADDON_DEVICE_FACTS_H_

#include <cstddef>
#include <stdexcept>
#include <string>

namespace paroattn {
namespace cuda {

// One sentence for people: why no backend can be made.
class DeviceError final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct DeviceFacts {
  std::string name;  // such as "NVIDIA H200"
  int major = 0;     // compute capability
  int minor = 0;
  size_t memory = 0;  // bytes
};

// Throws DeviceError: no driver, an old one, no such device, an architecture before sm_80.
DeviceFacts inspect_device(int device);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_DEVICE_FACTS_H_
