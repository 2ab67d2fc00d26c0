#ifndef PAROATTN_ELEMENTWISE_SOFTMAX_H_
#define PAROATTN_ELEMENTWISE_SOFTMAX_H_

#include <cstddef>

namespace paroattn {

// Softmax of each run of `length` numbers, in place, on the calling thread. -infinity gives 0; NaN where a run has nothing
// else.
void softmax_runs(float* values, size_t runs, size_t length);

}  // namespace paroattn

#endif  // PAROATTN_ELEMENTWISE_SOFTMAX_H_
