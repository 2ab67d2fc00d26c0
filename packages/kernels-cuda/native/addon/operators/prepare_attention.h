#ifndef PAROATTN_CUDA_ADDON_OPERATORS_PREPARE_ATTENTION_H_
#define PAROATTN_CUDA_ADDON_OPERATORS_PREPARE_ATTENTION_H_

#include "arguments.h"
#include "view.h"

namespace paroattn {
namespace cuda {

// prepareAttention(view, options): Handle
Napi::Value issue_prepare_attention(const View& view, const Arguments& arguments);

// createRowTable(view, { starts: Uint32Array, orders: Uint32Array[] }): Handle; an empty order is the sequence's
Napi::Value issue_create_row_table(const View& view, const Arguments& arguments);

// createOrderChoice(view, { choice: Uint32Array }): Handle
Napi::Value issue_create_order_choice(const View& view, const Arguments& arguments);

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_OPERATORS_PREPARE_ATTENTION_H_
