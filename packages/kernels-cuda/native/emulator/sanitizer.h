// What AddressSanitizer must be told; nothing without it.
#ifndef PAROATTN_EMULATOR_SANITIZER_H_
#define PAROATTN_EMULATOR_SANITIZER_H_

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace paroattn {
namespace emulator {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
inline void poison(const void* memory, size_t bytes) { __asan_poison_memory_region(memory, bytes); }
inline void unpoison(const void* memory, size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
inline void before_switch(void** fake_stack, const void* low, size_t bytes) {
  __sanitizer_start_switch_fiber(fake_stack, low, bytes);
}
inline void after_switch(void* fake_stack) { __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr); }
#else
constexpr bool kAddressSanitizer = false;
inline void poison(const void*, size_t) {}
inline void unpoison(const void*, size_t) {}
inline void before_switch(void**, const void*, size_t) {}
inline void after_switch(void*) {}
#endif

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_SANITIZER_H_
