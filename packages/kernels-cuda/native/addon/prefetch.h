// Tables that kernels read - the words of a mask, the order of its work - copied on a stream of their own while commands
// that were enqueued before still run. On the JavaScript thread only.
//
// A block of such memory is always in one stream's hands, and its fence is recorded by the stream that had it last and
// waited for by the one that takes it next: commands read it only behind its copy, and the next copy writes it only
// behind the last command that may read it. It is never lent to anything but tables, so that no other memory has to keep
// to this.
#ifndef PAROATTN_CUDA_ADDON_PREFETCH_H_
#define PAROATTN_CUDA_ADDON_PREFETCH_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "cuda_stream.h"
#include "events.h"
#include "host_copies.h"
#include "lease.h"
#include "memory_pool.h"
#include "progress.h"

namespace paroattn {
namespace cuda {

// One table. Its memory goes to later tables with its owner: once the commands enqueued by then have run.
class Prefetched {
 public:
  Prefetched() = default;
  Prefetched(std::shared_ptr<MemoryPool> pool, std::shared_ptr<const CudaStream> commands, TableKind kind,
             size_t bytes)
      : pool_(std::move(pool)), commands_(std::move(commands)), block_(pool_->allocate_fenced(kind, bytes)) {}
  ~Prefetched() { reset(); }
  Prefetched(Prefetched&& other) noexcept { *this = std::move(other); }
  Prefetched& operator=(Prefetched&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(commands_, other.commands_);
    std::swap(block_, other.block_);
    std::swap(awaited_, other.awaited_);
    return *this;
  }

  void reset() noexcept;

  // For commands enqueued from now on, which wait for the copy; the host waits for nothing. Throws CudaError.
  template <class T>
  const T* ready() {
    await();
    return static_cast<const T*>(block_.data);
  }

 private:
  friend class Prefetch;
  void await();

  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<const CudaStream> commands_;
  FencedBlock block_;
  bool awaited_ = false;  // by commands: these have the block
};

class Prefetch {
 public:
  // For what reads the tables on `commands`. Throws CudaError.
  Prefetch(const std::shared_ptr<const Lease>& lease, std::shared_ptr<MemoryPool> pool, HostPool& host,
           EventPool& events, std::shared_ptr<const CudaStream> commands);

  // `data` is free at the return; see HostCopies. Throws OutOfMemory and CudaError.
  Prefetched copy(TableKind kind, const void* data, size_t bytes);
  // Commands enqueued from now on wait for all copies so far. Throws CudaError.
  void join();

 private:
  const std::shared_ptr<MemoryPool> pool_;
  EventPool& events_;
  const std::shared_ptr<const CudaStream> commands_;
  Progress progress_;
  HostCopies host_copies_;
  const CudaStream copies_;  // last: once it has run dry, the rest may go
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_PREFETCH_H_
