// The front of quantized attention: rows become codes block by block, in no more memory than the codes take.
#ifndef PAROATTN_ATTENTION_QUANTIZED_FRONT_H_
#define PAROATTN_ATTENTION_QUANTIZED_FRONT_H_

#include <atomic>

#include "attention.h"
#include "operands.h"

namespace paroattn {
namespace attention {

// Fills the panels of operands that have codes. Stops early when cancelled.
void pack_quantized(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands);

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_QUANTIZED_FRONT_H_
