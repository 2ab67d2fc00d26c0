// The activations in f32, by the formulas of the reference, so that infinities and NaN take the same way.
#ifndef PAROATTN_CUDA_ELEMENTWISE_ACTIVATION_MATH_H_
#define PAROATTN_CUDA_ELEMENTWISE_ACTIVATION_MATH_H_

#include <cmath>

#include "common/device.h"
#include "elementwise/activate.h"

namespace paroattn {
namespace cuda {

template <Activation kActivation>
__device__ __forceinline__ float activated(float x) {
  if constexpr (kActivation == Activation::kSilu) {
    return x / (1.0f + expf(-x));
  } else if constexpr (kActivation == Activation::kGelu) {
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * (x * x * x))));
  } else {
    return x > 0.0f || x != x ? x : 0.0f;
  }
}

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ELEMENTWISE_ACTIVATION_MATH_H_
