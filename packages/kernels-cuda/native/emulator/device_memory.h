// Memory of the emulated device and page-locked memory of the host.
#ifndef PAROATTN_EMULATOR_DEVICE_MEMORY_H_
#define PAROATTN_EMULATOR_DEVICE_MEMORY_H_

#include <cstddef>
#include <string>

namespace paroattn {
namespace emulator {

// Null when the limit would be exceeded. Contents are poison; 256-byte aligned, between zones that must not change.
void* allocate_device(size_t bytes, size_t limit);
// False: not the start of an allocation.
bool free_device(void* memory);
size_t device_bytes_used();
// Empty, or which allocation had bytes beside it overwritten.
std::string damaged_allocation();
void free_all_device();

void* allocate_host(size_t bytes);
bool free_host(void* memory);
// Takes memory in that belongs to somebody else, and lets go of it.
bool register_host(void* memory, size_t bytes);
bool unregister_host(void* memory);

bool is_device_memory(const void* address, size_t bytes);
bool is_locked_host_memory(const void* address, size_t bytes);
// Device or page-locked host memory.
bool is_readable_device_memory(const void* address, size_t bytes);

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_DEVICE_MEMORY_H_
