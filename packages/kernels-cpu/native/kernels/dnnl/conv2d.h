#ifndef PAROATTN_DNNL_CONV2D_H_
#define PAROATTN_DNNL_CONV2D_H_

#include "common/parallel.h"
#include "common/weight.h"
#include "dnnl/context.h"

namespace paroattn {

struct Conv2dOptions {
  const float* input = nullptr;  // [batch, inputs, height, width]
  Weight weight;                 // [outputs, inputs, kernel_height, kernel_width]
  Weight bias;                   // [outputs]; none where null
  size_t batch = 0, inputs = 0, height = 0, width = 0;
  size_t outputs = 0, kernel_height = 0, kernel_width = 0;
  size_t output_height = 0, output_width = 0;
  size_t stride = 1;
  size_t top = 0, bottom = 0, left = 0, right = 0;  // zeros around the input
};

// output: [batch, outputs, output_height, output_width]. Throws std::bad_alloc and dnnl::error.
void conv2d(DnnlContext& context, const Conv2dOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_CONV2D_H_
