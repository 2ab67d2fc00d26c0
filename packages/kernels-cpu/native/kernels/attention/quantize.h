// Turns packed panels into codes and their factors, where the operands ask for it.
#ifndef PAROATTN_ATTENTION_QUANTIZE_H_
#define PAROATTN_ATTENTION_QUANTIZE_H_

#include <atomic>

#include "attention.h"
#include "operands.h"

namespace paroattn {
namespace attention {

// The last step of the front, in place. Without quantization it does nothing.
void quantize(const FrontOptions& options, const std::atomic<bool>* cancelled, Operands* operands);

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_QUANTIZE_H_
