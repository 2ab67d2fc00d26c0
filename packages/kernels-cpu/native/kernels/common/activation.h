// The activations, and the flag with which kernels ask for one.
#ifndef PAROATTN_COMMON_ACTIVATION_H_
#define PAROATTN_COMMON_ACTIVATION_H_

namespace paroattn {

// gelu is exact (erf), gelu_tanh its tanh approximation.
enum class Activation { kNone, kSilu, kGelu, kGeluTanh, kRelu };

}  // namespace paroattn

#endif  // PAROATTN_COMMON_ACTIVATION_H_
