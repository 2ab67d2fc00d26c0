// The command stream of one root backend: a CUDA stream with its memory. Commands are enqueued at the call and run in
// that order; nothing here waits for the device unless it says so. Masks come on a second stream, which keeps to the
// order by the fences of prefetch.h. On the JavaScript thread only.
#ifndef PAROATTN_CUDA_ADDON_STREAM_H_
#define PAROATTN_CUDA_ADDON_STREAM_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cancellation.h"
#include "cuda_stream.h"
#include "device_facts.h"
#include "events.h"
#include "host_copies.h"
#include "host_memory.h"
#include "lease.h"
#include "memory_pool.h"
#include "prefetch.h"
#include "progress.h"
#include "resource.h"
#include "timings.h"
#include "waiter.h"

namespace paroattn {
namespace cuda {

// What all commands of a view share.
struct ViewState {
  CancellationPtr cancellation;
  std::shared_ptr<Timings> timings;  // null: not timed
  // Since the last flush: the first failure that was known at the call, and what the commands depend on.
  FailurePtr failure;
  Dependencies dependencies;
};

// What a command is enqueued with.
struct Running {
  cudaStream_t stream;
  const int* cancelled;  // for kernels that look
  uint32_t* counter;     // [2] zeros, left as zeros
  const std::shared_ptr<MemoryPool>& pool;  // temporary memory may be released as soon as its users are enqueued
};

struct Command {
  const char* operator_name = "";
  std::string label;  // for timings; empty: the operator's name
  std::shared_ptr<ViewState> view;
  std::vector<ResourcePtr> inputs;   // a failed one fails this command
  std::vector<ResourcePtr> outputs;  // allocated before `run`
  std::function<cudaError_t(const Running&)> run;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // Throws DeviceError. `memory_limit` 0: none.
  Stream(int device, size_t memory_limit);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Every call below is made within a Use of it that is alive, unless it says otherwise.
  const Lease& lease() const noexcept { return *lease_; }
  const DeviceFacts& facts() const noexcept { return facts_; }
  const std::shared_ptr<MemoryPool>& pool() const noexcept { return pool_; }

  // Enqueues it; where that fails, its outputs and its view know.
  void enqueue(Command& command);
  // Copies at once. Where there is no memory, the buffer knows.
  BufferPtr upload(const void* data, size_t bytes);
  // The same for a resource that outlives the view: allocates it and fills the memory that it then names.
  void make_table(const char* operator_name, Resource& resource, const void* data, size_t bytes,
                  const std::function<void*()>& target);
  // In the order of the commands: for what is made once, or by the very command that reads it. Throws CudaError.
  void copy_to_device(const void* data, size_t bytes, void* target);
  // Ahead of the commands that are still to run: for what a later command reads. Throws OutOfMemory and CudaError.
  Prefetched prefetch(TableKind kind, const void* data, size_t bytes) { return prefetch_->copy(kind, data, bytes); }

  // Fills `target` once the buffer's commands have run. `settle` is called on any thread, `conclude` afterwards on this.
  std::function<FailurePtr()> read(const BufferPtr& buffer, void* target, std::function<void(const FailurePtr&)> settle);
  std::function<FailurePtr()> flush(const std::shared_ptr<ViewState>& view, bool take_failure,
                                    std::function<void(const FailurePtr&)> settle);

  CancellationPtr make_cancellation(bool cancellable);
  // Fails what has not run by now. Also without a live Use.
  void cancel(Cancellation& cancellation);
  const std::map<std::string, Timings::Entry>& timings(Timings& timings) { return timings.entries(timed_events_); }

  bool closed() const noexcept { return closed_; }
  // Lets run what is enqueued, then gives the memory back; returns at once. Also without a live Use.
  void close();
  // Stops what runs as soon as it looks, and the waiting. Also without a live Use.
  void stop();

 private:
  void try_kernel();
  std::vector<HostBlock> take_blocks(size_t bytes);
  FailurePtr attempt(Command& command);
  void launch_command(Command& command);
  FailurePtr failure_of(cudaError_t error, const char* operator_name);
  Ticket ticket(const char* operator_name, std::function<void(const FailurePtr&)> done);
  void reclaim();
  void retire(FlagPool::Flag flag, uint64_t last);

  const std::shared_ptr<const Lease> lease_;  // first: it may reset the device
  const DeviceFacts facts_;
  const std::shared_ptr<MemoryPool> pool_;
  HostPool host_;
  FlagPool flags_;
  EventPool events_;
  EventPool timed_events_;
  Progress progress_;
  HostCopies uploads_;
  // Tables that outlive this need it.
  std::shared_ptr<const CudaStream> stream_;
  std::unique_ptr<Prefetch> prefetch_;
  DeviceMemory counter_;
  // Flags that commands up to a number still know.
  struct RetiredFlag {
    uint64_t last;
    FlagPool::Flag flag;
  };
  std::deque<RetiredFlag> retired_flags_;
  bool closed_ = false;
  Waiter waiter_;  // last, so that its thread ends before anything else goes
};

}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_ADDON_STREAM_H_
