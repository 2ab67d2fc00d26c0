// Stacks that take turns on one operating-system thread: each is one CUDA thread.
#ifndef PAROATTN_EMULATOR_FIBRE_H_
#define PAROATTN_EMULATOR_FIBRE_H_

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace paroattn {
namespace emulator {

struct Fibre {
  void* stack_low = nullptr;
  size_t stack_bytes = 0;
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context;
#endif
  void* fake_stack = nullptr;  // AddressSanitizer's
};

// Describes the stack that the caller runs on, so that fibres can switch back to it.
void adopt_this_stack(Fibre& fibre);

// Makes `fibre` start in `entry` on the stack of that number the next time it is switched to. `entry` never returns.
// Stacks end in a page that cannot be touched. A fibre that was left in the middle may be prepared anew.
void prepare_fibre(Fibre& fibre, unsigned stack_number, void (*entry)());

// Leaves `from` and goes on in `to`. `last`: `from` is never resumed.
void switch_fibre(Fibre& from, Fibre& to, bool last = false);

// The first thing `entry` does.
void fibre_started();

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_FIBRE_H_
