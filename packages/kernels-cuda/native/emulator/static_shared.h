// Where the __shared__ arrays of this thread lie.
#ifndef PAROATTN_EMULATOR_STATIC_SHARED_H_
#define PAROATTN_EMULATOR_STATIC_SHARED_H_

#include <cstddef>

namespace paroattn {
namespace emulator {

struct MemoryRange {
  unsigned char* begin = nullptr;
  size_t bytes = 0;

  bool contains(const void* address, size_t count) const {
    const auto* at = static_cast<const unsigned char*>(address);
    return at >= begin && static_cast<size_t>(at - begin) <= bytes && count <= bytes - static_cast<size_t>(at - begin);
  }
};

// The thread-local variables of the module (executable or addon) that this was linked into. Everything in it is
// taken for __shared__ arrays: code that runs on the emulator's threads has no thread-local variables of its own.
MemoryRange static_shared_memory();

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_STATIC_SHARED_H_
