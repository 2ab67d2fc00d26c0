#ifndef PAROATTN_ELEMENTWISE_ACTIVATE_H_
#define PAROATTN_ELEMENTWISE_ACTIVATE_H_

#include <cstddef>

#include "common/activation.h"
#include "common/parallel.h"

namespace paroattn {

// output[i] = activation(input[i]), over all threads; output may be input. kNone copies, or does nothing in place.
void activate(const float* input, size_t count, Activation activation, const CancelFlag* cancelled, float* output);

// The same on the calling thread, in place.
void activate_in_place(float* values, size_t count, Activation activation);

}  // namespace paroattn

#endif  // PAROATTN_ELEMENTWISE_ACTIVATE_H_
