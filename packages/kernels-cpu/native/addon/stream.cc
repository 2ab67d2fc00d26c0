#include "stream.h"

#include <hwy/cache_control.h>
#include <omp.h>

#include <chrono>
#include <exception>
#include <utility>

namespace paroattn {
namespace {

// A stream that has had nothing to do for so long gives its unused memory back. Pauses between two calls are shorter.
constexpr auto kIdle = std::chrono::milliseconds(2000);
// JavaScript takes about so long from one command to the next. To wake a thread takes as long, of JavaScript's time too.
constexpr auto kWatch = std::chrono::microseconds(200);
// Shorter commands may not have woken the team; then it is left asleep.
constexpr auto kLong = std::chrono::microseconds(100);

FailurePtr failure_of(const Command& command, std::string message) {
  return std::make_shared<Failure>(Failure{command.operator_name, std::move(message), 0});
}

FailurePtr cancelled(const Command& command) {
  return std::make_shared<Failure>(Failure{command.operator_name, "aborted", command.view->cancellation->id});
}

std::string out_of_memory(const Command& command) {
  size_t bytes = 0;
  for (const ResourcePtr& output : command.outputs) {
    if (const auto* buffer = dynamic_cast<const Buffer*>(output.get())) bytes += buffer->bytes();
  }
  return "not enough memory for a result of " + std::to_string(bytes) + " bytes";
}

}  // namespace

Stream::Stream(size_t threads)
    : threads_(threads),
      pool_(std::make_shared<MemoryPool>([this] {
        const std::lock_guard<std::mutex> lock(mutex_);
        wake_.notify_one();
      })),
      team_(threads),
      thread_([this] { loop(); }) {}

Stream::~Stream() { stop(); }

void Stream::push(Command command) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_ || stopping_) return;
    queue_.push_back(std::move(command));
    called_ = true;
    if (asleep_) team_.keep_clear_of_caller();
  }
  wake_.notify_one();
}

void Stream::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    called_ = true;
  }
  wake_.notify_one();
}

void Stream::stop() {
  std::deque<Command> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    called_ = true;
    dropped.swap(queue_);
    if (running_) running_->flag = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Stream::loop() {
  // The OpenMP team belongs to the thread that asks for it: oneDNN's loops and ours share this one.
  omp_set_num_threads(static_cast<int>(threads_));
  team_.settle();
  DnnlContext dnnl(pool_->allocator());
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    if (queue_.empty()) await_work(lock);
    if (stopping_ || queue_.empty()) break;
    {
      Command command = std::move(queue_.front());
      queue_.pop_front();
      running_ = command.view->cancellation;
      lock.unlock();
      const auto start = std::chrono::steady_clock::now();
      execute(command, dnnl);
      if (std::chrono::steady_clock::now() - start > kLong) team_.settle();
      // The command's hold on its tensors ends here, outside the lock.
    }
    if (pool_->has_surplus()) pool_->trim_surplus();
    lock.lock();
    running_.reset();
  }
  lock.unlock();
  pool_->retire();
}

// Until there is a command, or no more are to come.
void Stream::await_work(std::unique_lock<std::mutex>& lock) {
  if (closing_ || stopping_) return;
  called_ = false;
  lock.unlock();
  // On a single processor JavaScript waits for whoever watches.
  static const bool watches = std::thread::hardware_concurrency() > 1;
  const auto end = std::chrono::steady_clock::now() + kWatch;
  while (watches && !called_.load(std::memory_order_relaxed) && std::chrono::steady_clock::now() < end) hwy::Pause();
  lock.lock();
  asleep_ = true;
  sleep(lock);
  asleep_ = false;
}

void Stream::sleep(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return !queue_.empty() || closing_ || stopping_; };
  while (!has_work()) {
    const bool kept = pool_->keeps_memory();
    const auto woken = [&] { return has_work() || pool_->has_surplus() || (!kept && pool_->keeps_memory()); };
    if (!kept) {
      wake_.wait(lock, woken);
      continue;
    }
    const bool rested = !wake_.wait_for(lock, kIdle, woken);
    if (has_work()) return;
    lock.unlock();
    rested ? pool_->trim() : pool_->trim_surplus();
    lock.lock();
  }
}

void Stream::execute(Command& command, DnnlContext& dnnl) {
  const auto start = std::chrono::steady_clock::now();
  bool packs = false;
  const FailurePtr failure = attempt(command, dnnl, packs);
  if (failure) {
    for (const ResourcePtr& output : command.outputs) {
      output->discard();
      output->failure = failure;
    }
  }
  if (command.report) {
    command.report(failure);
    return;
  }
  if (failure && !command.view->failure) command.view->failure = failure;
  if (!failure && command.view->timings) {
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    const std::string label = command.label.empty() ? command.operator_name : command.label;
    // Apart from the calls that find their weights packed.
    command.view->timings->add(packs ? label + "/packing" : label, elapsed.count());
  }
}

FailurePtr Stream::attempt(Command& command, DnnlContext& dnnl, bool& packs) {
  // A report tells what there is, cancelled or not.
  static const CancelFlag never{false};
  const CancelFlag* flag = command.report ? &never : &command.view->cancellation->flag;
  if (is_cancelled(flag)) return cancelled(command);
  for (const auto* inputs : {&command.inputs, &command.weights}) {
    for (const ResourcePtr& input : *inputs) {
      if (input->failure) return input->failure;
    }
  }
  try {
    for (const ResourcePtr& input : command.inputs) input->make_plain(dnnl);
    for (const ResourcePtr& output : command.outputs) output->allocate();
    if (command.run) command.run({dnnl, *pool_, flag, packs});
    // A kernel that saw the flag leaves its result unfinished.
    if (is_cancelled(flag)) return cancelled(command);
    return nullptr;
  } catch (const Cancelled&) {
    return cancelled(command);
  } catch (const std::bad_alloc&) {
    return failure_of(command, out_of_memory(command));
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) return failure_of(command, out_of_memory(command));
    return failure_of(command, error.message);
  } catch (const std::exception& error) {
    return failure_of(command, error.what());
  }
}

}  // namespace paroattn
