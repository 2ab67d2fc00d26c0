// Gives memory back to the device on a thread of its own: the runtime makes whoever frees memory wait for all that runs
// on the device, other backends' commands too.
#ifndef PAROATTN_CUDA_ADDON_REAPER_H_
#define PAROATTN_CUDA_ADDON_REAPER_H_

#include <memory>
#include <vector>

#include "lease.h"

namespace paroattn {
namespace cuda {

enum class MemoryKind { kDevice, kHost };

// Frees them soon; returns at once. Memory of a dead lease went with its context.
void free_later(std::shared_ptr<const Lease> lease, MemoryKind kind, std::vector<void*> blocks) noexcept;

// Waits until all of them have been freed: for who is out of memory.
void finish_freeing() noexcept;

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_REAPER_H_
