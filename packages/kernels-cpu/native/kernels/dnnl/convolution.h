#ifndef PAROATTN_DNNL_CONVOLUTION_H_
#define PAROATTN_DNNL_CONVOLUTION_H_

#include <vector>

#include "common/parallel.h"
#include "common/weight.h"
#include "dnnl/context.h"

namespace paroattn {

// One of the axes that the kernel moves along.
struct ConvolutionAxis {
  size_t size = 0, kernel = 0, output = 0;
  size_t stride = 1;
  size_t before = 0, after = 0;  // zeros around the input
};

struct ConvolutionOptions {
  const float* input = nullptr;  // [batch, inputs, axes...]
  Weight weight;                 // [outputs, inputs, kernel of the axes...]
  Weight bias;                   // [outputs]; none where null
  size_t batch = 0, inputs = 0, outputs = 0;
  std::vector<ConvolutionAxis> axes;  // height and width, or frames, height and width
};

// output: [batch, outputs, output of the axes...]. Throws std::bad_alloc and dnnl::error.
void convolution(DnnlContext& context, const ConvolutionOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_CONVOLUTION_H_
