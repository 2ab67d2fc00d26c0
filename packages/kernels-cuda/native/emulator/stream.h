// Streams: each has a worker thread that runs what was enqueued, in order.
#ifndef PAROATTN_EMULATOR_STREAM_H_
#define PAROATTN_EMULATOR_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace paroattn {
namespace emulator {

// One recording of an event.
class Milestone {
 public:
  void reach();
  bool reached();
  void wait();
  std::chrono::steady_clock::time_point time();

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  bool reached_ = false;
  std::chrono::steady_clock::time_point time_;
};

}  // namespace emulator
}  // namespace paroattn

struct CUstream_st {
 public:
  explicit CUstream_st(bool blocking_with_default);
  // Waits for what is enqueued.
  ~CUstream_st();

  void push(std::function<void()> task);
  bool idle();
  void wait_until_idle();
  bool blocking_with_default() const { return blocking_with_default_; }

  // In between, tasks are kept instead of run.
  void begin_capture();
  std::vector<std::function<void()>> end_capture();
  bool capturing();

 private:
  void loop();

  const bool blocking_with_default_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::function<void()>> captured_;
  bool capturing_ = false;
  bool running_ = false;
  bool stopping_ = false;
  std::thread worker_;
};

struct CUevent_st {
  bool timed = true;
  std::mutex mutex;
  std::shared_ptr<paroattn::emulator::Milestone> recorded;  // null: never recorded
};

#endif  // PAROATTN_EMULATOR_STREAM_H_
