// Streams: each has a worker thread that runs what was enqueued, in order.
#ifndef PAROATTN_EMULATOR_STREAM_H_
#define PAROATTN_EMULATOR_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

struct CUstream_st;

namespace paroattn {
namespace emulator {

// One recording of an event.
class Milestone {
 public:
  // Where it stands; before anybody waits.
  void place(std::weak_ptr<CUstream_st> stream, uint64_t position);
  void reach();
  bool reached();
  // Demands it of its stream.
  void wait();
  std::chrono::steady_clock::time_point time();

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  bool reached_ = false;
  std::weak_ptr<CUstream_st> stream_;
  uint64_t position_ = 0;
  std::chrono::steady_clock::time_point time_;
};

}  // namespace emulator
}  // namespace paroattn

struct CUstream_st {
 public:
  explicit CUstream_st(bool blocking_with_default);
  // Waits for what is enqueued.
  ~CUstream_st();

  // Returns the position in the stream. `late`: not before it, or what is behind it, is demanded.
  uint64_t push(std::function<void()> task, bool late = false);
  void demand(uint64_t position);
  bool idle();
  // Demands all.
  void wait_until_idle();
  bool blocking_with_default() const { return blocking_with_default_; }

  // In between, tasks are kept instead of run.
  void begin_capture();
  std::vector<std::function<void()>> end_capture();
  bool capturing();

 private:
  struct Task {
    std::function<void()> run;
    bool late;
    uint64_t position;
  };
  void loop();

  const bool blocking_with_default_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<Task> tasks_;
  uint64_t last_ = 0, demanded_ = 0;
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
