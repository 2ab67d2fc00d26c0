// Names of functions, for reports and for faults that name a kernel.
#ifndef PAROATTN_EMULATOR_SYMBOL_NAME_H_
#define PAROATTN_EMULATOR_SYMBOL_NAME_H_

#include <string>

namespace paroattn {
namespace emulator {

// From the symbol table of the file that holds the function, local symbols included; its address if that was stripped.
std::string symbol_name(const void* function);

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_SYMBOL_NAME_H_
