#include "emulator/stream.h"

#include <utility>

namespace paroattn {
namespace emulator {

void Milestone::reach() {
  std::lock_guard<std::mutex> lock(mutex_);
  time_ = std::chrono::steady_clock::now();
  reached_ = true;
  change_.notify_all();
}

bool Milestone::reached() {
  std::lock_guard<std::mutex> lock(mutex_);
  return reached_;
}

void Milestone::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  change_.wait(lock, [this] { return reached_; });
}

std::chrono::steady_clock::time_point Milestone::time() {
  std::lock_guard<std::mutex> lock(mutex_);
  return time_;
}

}  // namespace emulator
}  // namespace paroattn

CUstream_st::CUstream_st(bool blocking_with_default) : blocking_with_default_(blocking_with_default) {
  worker_ = std::thread([this] { loop(); });
}

CUstream_st::~CUstream_st() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    change_.notify_all();
  }
  worker_.join();
}

void CUstream_st::push(std::function<void()> task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (capturing_) {
    captured_.push_back(std::move(task));
    return;
  }
  tasks_.push_back(std::move(task));
  change_.notify_all();
}

void CUstream_st::begin_capture() {
  std::lock_guard<std::mutex> lock(mutex_);
  capturing_ = true;
}

std::vector<std::function<void()>> CUstream_st::end_capture() {
  std::lock_guard<std::mutex> lock(mutex_);
  capturing_ = false;
  return std::exchange(captured_, {});
}

bool CUstream_st::capturing() {
  std::lock_guard<std::mutex> lock(mutex_);
  return capturing_;
}

bool CUstream_st::idle() {
  std::lock_guard<std::mutex> lock(mutex_);
  return tasks_.empty() && !running_;
}

void CUstream_st::wait_until_idle() {
  std::unique_lock<std::mutex> lock(mutex_);
  change_.wait(lock, [this] { return tasks_.empty() && !running_; });
}

void CUstream_st::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    change_.wait(lock, [this] { return !tasks_.empty() || stopping_; });
    if (tasks_.empty()) return;
    {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      running_ = true;
      lock.unlock();
      task();
    }
    lock.lock();
    running_ = false;
    change_.notify_all();
  }
}
