// The command stream of one root backend: a thread that runs commands in the order in which they were pushed.
#ifndef PAROATTN_ADDON_STREAM_H_
#define PAROATTN_ADDON_STREAM_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "command.h"
#include "common/team.h"
#include "memory_pool.h"

namespace paroattn {

class Stream {
 public:
  explicit Stream(size_t threads);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void push(Command command);
  // Runs what is queued, then ends the thread; returns at once. Later commands are dropped.
  void close();
  // Cancels the running command, drops the others and joins the thread.
  void stop();

  const std::shared_ptr<MemoryPool>& pool() const noexcept { return pool_; }

 private:
  void loop();
  void await_work(std::unique_lock<std::mutex>& lock);
  void sleep(std::unique_lock<std::mutex>& lock);
  void execute(Command& command, DnnlContext& dnnl);
  FailurePtr attempt(Command& command, DnnlContext& dnnl, bool& packs);

  const size_t threads_;
  const std::shared_ptr<MemoryPool> pool_;
  std::mutex mutex_;  // not to be held where the pool is called: it takes this one with its own locked
  std::condition_variable wake_;
  std::deque<Command> queue_;
  std::shared_ptr<Cancellation> running_;  // of the command that runs
  Team team_;
  std::atomic<bool> called_{false};  // since the stream's thread began to watch
  bool asleep_ = false;
  bool closing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_STREAM_H_
