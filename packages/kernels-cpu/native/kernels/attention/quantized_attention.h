// The kernel for codes of the softmax map and of the values, behind attention().
#ifndef PAROATTN_ATTENTION_QUANTIZED_ATTENTION_H_
#define PAROATTN_ATTENTION_QUANTIZED_ATTENTION_H_

#include <cstddef>

#include "operands.h"
#include "work_unit.h"

namespace paroattn {
namespace attention {

// For this machine.
UnitKernel quantized_kernel();
// Of Unit::scratch.
size_t quantized_scratch_floats(const Operands& operands);

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_QUANTIZED_ATTENTION_H_
