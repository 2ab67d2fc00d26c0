#ifndef PAROATTN_DNNL_FEW_ROWS_H_
#define PAROATTN_DNNL_FEW_ROWS_H_

#include "dnnl/linear.h"

namespace paroattn {

// output = input * weight' + bias, in calls that oneDNN spreads over the threads itself. Throws std::bad_alloc and
// dnnl::error.
void product_of_few_rows(DnnlContext& context, const LinearOptions& options, const CancelFlag* cancelled, float* output);

}  // namespace paroattn

#endif  // PAROATTN_DNNL_FEW_ROWS_H_
