#include "prefetch.h"

namespace paroattn {
namespace cuda {

void Prefetched::reset() noexcept {
  if (block_.data == nullptr) return;
  pool_->release_fenced(block_, awaited_ ? commands_->get() : nullptr);
  block_ = FencedBlock();
  awaited_ = false;
}

void Prefetched::await() {
  if (awaited_) return;
  check(cudaStreamWaitEvent(commands_->get(), block_.fence, 0));
  awaited_ = true;
}

Prefetch::Prefetch(const std::shared_ptr<const Lease>& lease, std::shared_ptr<MemoryPool> pool, HostPool& host,
                   EventPool& events, std::shared_ptr<const CudaStream> commands)
    : pool_(std::move(pool)),
      events_(events),
      commands_(std::move(commands)),
      progress_(events),
      host_copies_(host, progress_, "prepareMask"),
      copies_(lease) {}

Prefetched Prefetch::copy(TableKind kind, const void* data, size_t bytes) {
  Prefetched table(pool_, commands_, kind, bytes);
  check(cudaStreamWaitEvent(copies_.get(), table.block_.fence, 0));
  host_copies_.copy(data, bytes, table.block_.data, copies_.get());
  check(cudaEventRecord(table.block_.fence, copies_.get()));
  return table;
}

void Prefetch::join() {
  const cudaEvent_t event = events_.take();
  cudaError_t error = cudaEventRecord(event, copies_.get());
  if (error == cudaSuccess) error = cudaStreamWaitEvent(commands_->get(), event, 0);
  // What waits holds to this recording, whatever is recorded next.
  events_.give(event);
  check(error);
}

}  // namespace cuda
}  // namespace paroattn
