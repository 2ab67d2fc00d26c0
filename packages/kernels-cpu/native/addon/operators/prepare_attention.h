#ifndef PAROATTN_ADDON_OPERATORS_PREPARE_ATTENTION_H_
#define PAROATTN_ADDON_OPERATORS_PREPARE_ATTENTION_H_

#include "arguments.h"
#include "view.h"

namespace paroattn {

// prepareAttention(view, options): Handle
Napi::Value issue_prepare_attention(const View& view, const Arguments& arguments);

// createOrder(view, { indices: Uint32Array }): Handle. No command.
Napi::Value issue_create_order(const View& view, const Arguments& arguments);

}  // namespace paroattn

#endif  // PAROATTN_ADDON_OPERATORS_PREPARE_ATTENTION_H_
