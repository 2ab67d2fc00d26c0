#include "stream.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "elementwise/activate.h"

namespace paroattn {
namespace cuda {
namespace {

constexpr size_t kMostOfBlock = HostPool::kMostOfBlock;
constexpr size_t kCounterBytes = 2 * sizeof(uint32_t);

}  // namespace

Stream::Stream(int device, size_t memory_limit)
    : lease_(std::make_shared<const Lease>(device)),
      facts_(inspect_device(device)),
      pool_(std::make_shared<MemoryPool>(lease_, memory_limit)),
      host_(lease_),
      flags_(lease_),
      events_(lease_, cudaEventDisableTiming | cudaEventBlockingSync),
      timed_events_(lease_, cudaEventBlockingSync),
      progress_(events_),
      uploads_(host_, progress_, "upload"),
      waiter_(lease_) {
  const Lease::Use use(*lease_);
  try {
    stream_ = std::make_shared<const CudaStream>(lease_);
    prefetch_ = std::make_unique<Prefetch>(lease_, pool_, host_, events_, stream_);
    counter_ = DeviceMemory(pool_, kCounterBytes);
    check(cudaMemsetAsync(counter_.data(), 0, kCounterBytes, stream_->get()));
    try_kernel();
  } catch (const DeviceError&) {
    throw;
  } catch (const std::exception& error) {
    cudaGetLastError();
    throw DeviceError("Expected device " + std::to_string(device) + " to take commands but found " + error.what());
  }
}

// Whether the build has code for this device shows only when a kernel is launched.
void Stream::try_kernel() {
  ActivateProblem nothing;
  nothing.activation = Activation::kRelu;
  nothing.count = 1;
  nothing.input = counter_.data();
  nothing.output = counter_.data();
  const cudaError_t error = activate(nothing, stream_->get());
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion) {
    throw DeviceError("Expected an addon with code for compute capability " + std::to_string(facts_.major) + "." +
                      std::to_string(facts_.minor) + " (" + facts_.name + ") but found one built for others: " +
                      "build it with PAROATTN_CUDA_ARCHITECTURES=" + std::to_string(facts_.major) +
                      std::to_string(facts_.minor));
  }
  check(error);
}

Stream::~Stream() {
  stop();
  const Lease::Use use(*lease_);
  if (!use.alive()) return;
  cudaStreamSynchronize(stream_->get());
}

void Stream::enqueue(Command& command) {
  const FailurePtr failure = attempt(command);
  if (!failure) return;
  for (const ResourcePtr& output : command.outputs) {
    output->discard();
    output->failure = failure;
  }
  if (!command.view->failure) command.view->failure = failure;
}

FailurePtr Stream::attempt(Command& command) {
  const Cancellation& cancellation = *command.view->cancellation;
  if (cancellation.cancelled) return make_failure(command.operator_name, "aborted", cancellation.id);
  for (const ResourcePtr& input : command.inputs) {
    if (const FailurePtr failure = input->failed()) return failure;
  }
  try {
    for (const ResourcePtr& output : command.outputs) output->allocate();
    launch_command(command);
    return nullptr;
  } catch (const CudaError& error) {
    return failure_of(error.error(), command.operator_name);
  } catch (const std::exception& error) {
    return make_failure(command.operator_name, error.what());
  }
}

void Stream::launch_command(Command& command) {
  ViewState& view = *command.view;
  const CancellationPtr& cancellation = view.cancellation;
  cudaEvent_t start = nullptr;
  if (view.timings) {
    start = timed_events_.take();
    check(cudaEventRecord(start, stream_->get()));
  }
  check(command.run({stream_->get(), cancellation->flag.device, counter_.as<uint32_t>(), pool_}));
  const uint64_t number = progress_.count(command.operator_name);
  cancellation->last = number;
  if (view.timings) {
    const cudaEvent_t stop = timed_events_.take();
    check(cudaEventRecord(stop, stream_->get()));
    view.timings->add(command.label.empty() ? command.operator_name : command.label, start, stop, timed_events_);
  }
  Dependencies dependencies;
  const uint64_t finished = progress_.finished();
  for (const ResourcePtr& input : command.inputs) dependencies.add(input->dependencies, finished);
  if (cancellation->cancellable) {
    progress_.mark(stream_->get());
    dependencies.add(cancellation, number);
  }
  view.dependencies.add(dependencies, finished);
  for (const ResourcePtr& output : command.outputs) output->dependencies = dependencies;
}

FailurePtr Stream::failure_of(cudaError_t error, const char* operator_name) {
  cudaGetLastError();
  // An error that belongs to one call leaves the stream as it was; one that breaks the device shows everywhere.
  const cudaError_t state = cudaStreamQuery(stream_->get());
  cudaGetLastError();
  if (state == cudaSuccess || state == cudaErrorNotReady) return make_failure(operator_name, describe(error));
  Blame found = blame(progress_.suspects(), operator_name, describe(state));
  lease_->break_with(make_failure(std::move(found.operator_name), std::move(found.message)));
  return lease_->broken();
}

BufferPtr Stream::upload(const void* data, size_t bytes) {
  auto buffer = std::make_shared<Buffer>(pool_, bytes);
  make_table("upload", *buffer, data, bytes, [&] { return buffer->data(); });
  return buffer;
}

void Stream::make_table(const char* operator_name, Resource& resource, const void* data, size_t bytes,
                        const std::function<void*()>& target) {
  try {
    resource.allocate();
    copy_to_device(data, bytes, target());
    return;
  } catch (const CudaError& error) {
    resource.failure = failure_of(error.error(), operator_name);
  } catch (const std::exception& error) {
    resource.failure = make_failure(operator_name, error.what());
  }
  resource.discard();
}

void Stream::copy_to_device(const void* data, size_t bytes, void* target) {
  uploads_.copy(data, bytes, target, stream_->get());
}

void Stream::reclaim() {
  const uint64_t finished = progress_.finished();
  while (!retired_flags_.empty() && retired_flags_.front().last <= finished) {
    flags_.give(retired_flags_.front().flag);
    retired_flags_.pop_front();
  }
}

Ticket Stream::ticket(const char* operator_name, std::function<void(const FailurePtr&)> done) {
  Ticket result;
  result.event = events_.take();
  check(cudaEventRecord(result.event, stream_->get()));
  result.operator_name = operator_name;
  result.suspects = progress_.suspects();
  result.done = std::move(done);
  return result;
}

std::vector<HostBlock> Stream::take_blocks(size_t bytes) {
  std::vector<HostBlock> blocks;
  try {
    for (size_t at = 0; at < bytes; at += kMostOfBlock) blocks.push_back(host_.take(std::min(kMostOfBlock, bytes - at)));
  } catch (...) {
    for (const HostBlock& block : blocks) host_.give(block);
    throw;
  }
  return blocks;
}

std::function<FailurePtr()> Stream::read(const BufferPtr& buffer, void* target,
                                         std::function<void(const FailurePtr&)> settle) {
  const auto nothing = [] { return FailurePtr(); };
  if (const FailurePtr failure = buffer->failed()) {
    settle(failure);
    return nothing;
  }
  const size_t bytes = buffer->bytes();
  try {
    const std::vector<HostBlock> blocks = take_blocks(bytes);
    for (size_t i = 0; i < blocks.size(); ++i) {
      const size_t at = i * kMostOfBlock;
      const size_t count = std::min(kMostOfBlock, bytes - at);
      check(cudaMemcpyAsync(blocks[i].data, buffer->as<char>() + at, count, cudaMemcpyDeviceToHost, stream_->get()));
    }
    const auto done = [blocks, bytes, target, settle](const FailurePtr& failure) {
      for (size_t i = 0; !failure && i < blocks.size(); ++i) {
        const size_t at = i * kMostOfBlock;
        std::memcpy(static_cast<char*>(target) + at, blocks[i].data, std::min(kMostOfBlock, bytes - at));
      }
      settle(failure);
    };
    Ticket waiting = ticket("read", done);
    const cudaEvent_t event = waiting.event;
    const uint64_t number = progress_.last();
    waiter_.push(std::move(waiting));
    return [this, blocks, event, number, dependencies = buffer->dependencies] {
      for (const HostBlock& block : blocks) host_.give(block);
      events_.give(event);
      progress_.reached(number);
      return dependencies.failure();
    };
  } catch (const CudaError& error) {
    settle(failure_of(error.error(), "read"));
    return nothing;
  }
}

std::function<FailurePtr()> Stream::flush(const std::shared_ptr<ViewState>& view, bool take_failure,
                                          std::function<void(const FailurePtr&)> settle) {
  FailurePtr failure;
  Dependencies dependencies;
  if (take_failure) {
    std::swap(failure, view->failure);
    std::swap(dependencies, view->dependencies);
  }
  try {
    prefetch_->join();
    Ticket waiting = ticket("flush", settle);
    const cudaEvent_t event = waiting.event;
    const uint64_t number = progress_.last();
    waiter_.push(std::move(waiting));
    return [this, event, number, failure, dependencies] {
      events_.give(event);
      progress_.reached(number);
      return failure ? failure : dependencies.failure();
    };
  } catch (const CudaError& error) {
    settle(failure_of(error.error(), "flush"));
    return [] { return FailurePtr(); };
  }
}

CancellationPtr Stream::make_cancellation(bool cancellable) {
  static std::atomic<uint64_t> last_id{0};
  reclaim();
  Cancellation made;
  made.id = ++last_id;
  made.cancellable = cancellable;
  made.flag = flags_.take();
  const std::weak_ptr<Stream> self = weak_from_this();
  return CancellationPtr(new Cancellation(made), [self](Cancellation* cancellation) {
    if (const std::shared_ptr<Stream> stream = self.lock()) stream->retire(cancellation->flag, cancellation->last);
    delete cancellation;
  });
}

void Stream::retire(FlagPool::Flag flag, uint64_t last) { retired_flags_.push_back({last, flag}); }

void Stream::cancel(Cancellation& cancellation) {
  const Lease::Use use(*lease_);
  if (cancellation.cancelled) return;
  // In this order: what has run by now stays, even if it ends with the flag set.
  if (use.alive()) cancellation.finished = progress_.finished();
  cancellation.cancelled = true;
  if (use.alive()) *cancellation.flag.host = 1;
}

void Stream::close() {
  if (closed_) return;
  closed_ = true;
  counter_.reset();
  const Lease::Use use(*lease_);
  if (use.alive()) {
    try {
      prefetch_->join();
      waiter_.push(ticket("dispose", [pool = pool_](const FailurePtr&) { pool->close(); }));
    } catch (const CudaError& error) {
      failure_of(error.error(), "dispose");
    }
  }
  waiter_.close();
}

void Stream::stop() {
  flags_.set_all();
  waiter_.stop();
}

}  // namespace cuda
}  // namespace paroattn
