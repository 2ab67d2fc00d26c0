#include "emulator/fibre.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>
#include <vector>

#include "emulator/sanitizer.h"

#if defined(__x86_64__)
extern "C" void paroattn_emulator_switch(void** save, void* load);
// Saves what a called function must preserve, and swaps stacks. The rounding modes are never changed by kernels.
asm(R"(
.text
.p2align 4
.globl paroattn_emulator_switch
.hidden paroattn_emulator_switch
.type paroattn_emulator_switch, @function
paroattn_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size paroattn_emulator_switch, . - paroattn_emulator_switch
)");
#endif

namespace paroattn {
namespace emulator {
namespace {

constexpr size_t kStackBytes = kAddressSanitizer ? 512 * 1024 : 128 * 1024;

// Stacks are kept for the life of the process: only their touched pages cost memory.
void* stack_low(unsigned number) {
  static std::vector<void*>* stacks = new std::vector<void*>;
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  while (stacks->size() <= number) {
    void* memory = mmap(nullptr, kStackBytes + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    char* low = static_cast<char*>(memory) + page;
    if (mprotect(low, kStackBytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    stacks->push_back(low);
  }
  return (*stacks)[number];
}

}  // namespace

void adopt_this_stack(Fibre& fibre) {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &fibre.stack_low, &fibre.stack_bytes);
  pthread_attr_destroy(&attributes);
}

void prepare_fibre(Fibre& fibre, unsigned stack_number, void (*entry)()) {
  fibre.stack_low = stack_low(stack_number);
  fibre.stack_bytes = kStackBytes;
  fibre.fake_stack = nullptr;
  unpoison(fibre.stack_low, fibre.stack_bytes);
  // Tops at the same offset of a page would all compete for the same lines of the first-level cache.
  const size_t colour = (stack_number % 61) * 64;
#if defined(__x86_64__)
  auto* top = reinterpret_cast<uint64_t*>(static_cast<char*>(fibre.stack_low) + kStackBytes - colour);
  // After `ret` has taken the entry, the stack pointer is 8 off a multiple of 16, as after a call.
  *--top = 0;
  *--top = reinterpret_cast<uint64_t>(entry);
  for (int i = 0; i < 6; ++i) *--top = 0;
  fibre.stack_pointer = top;
#else
  getcontext(&fibre.context);
  fibre.context.uc_stack.ss_sp = fibre.stack_low;
  fibre.context.uc_stack.ss_size = kStackBytes - colour;
  fibre.context.uc_link = nullptr;
  makecontext(&fibre.context, entry, 0);
#endif
}

void switch_fibre(Fibre& from, Fibre& to, bool last) {
  before_switch(last ? nullptr : &from.fake_stack, to.stack_low, to.stack_bytes);
#if defined(__x86_64__)
  paroattn_emulator_switch(&from.stack_pointer, to.stack_pointer);
#else
  swapcontext(&from.context, &to.context);
#endif
  after_switch(from.fake_stack);
}

void fibre_started() { after_switch(nullptr); }

}  // namespace emulator
}  // namespace paroattn
