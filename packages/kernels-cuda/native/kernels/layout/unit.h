// Numbers that move together: as many bytes as sizes and addresses allow, 2 to 16.
#ifndef PAROATTN_CUDA_LAYOUT_UNIT_H_
#define PAROATTN_CUDA_LAYOUT_UNIT_H_

#include <cstddef>
#include <cstdint>

#include "common/device.h"

namespace paroattn {
namespace cuda {

template <int kBytes>
struct UnitOf;
template <>
struct UnitOf<2> {
  using Type = uint16_t;
};
template <>
struct UnitOf<4> {
  using Type = uint32_t;
};
template <>
struct UnitOf<8> {
  using Type = uint2;
};
template <>
struct UnitOf<16> {
  using Type = uint4;
};

// The widest unit that divides everything: a length or a stride in bytes, or an address.
class WidestUnit {
 public:
  void divides(uint64_t bytes) { every_ |= bytes; }
  void divides(const void* address) { divides(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(address))); }
  int bytes() const {
    for (const int unit : {16, 8, 4}) {
      if (every_ % unit == 0) return unit;
    }
    return 2;
  }

 private:
  uint64_t every_ = 0;
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_LAYOUT_UNIT_H_
