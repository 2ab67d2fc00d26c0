// Stored numbers for references and tests on the host: one element at a time, by arithmetic on doubles, so that it
// shares no code with the kernels' conversions.
#ifndef PAROATTN_CUDA_FRONT_HOST_ELEMENT_H_
#define PAROATTN_CUDA_FRONT_HOST_ELEMENT_H_

#include <cstdint>

#include "common/element.h"

namespace paroattn {
namespace cuda {

// Relative error of one rounding to nearest: half a unit in the last place.
constexpr double unit_roundoff(Element element) {
  return element == Element::kF32 ? 0x1p-24 : element == Element::kF16 ? 0x1p-11 : 0x1p-8;
}

// Absolute error of one rounding below the normal numbers.
constexpr double subnormal_roundoff(Element element) {
  return element == Element::kF32 ? 0x1p-150 : element == Element::kF16 ? 0x1p-25 : 0x1p-134;
}

// The nearest number of the element's type, ties to even; infinity beyond the largest.
double round_to(Element element, double value);

double element_at(const void* data, Element element, int64_t index);

// Rounded once.
void store_element(double value, Element element, int64_t index, void* data);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_FRONT_HOST_ELEMENT_H_
