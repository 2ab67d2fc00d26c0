#include "emulator/stream.h"

#include <algorithm>
#include <utility>

namespace paroattn {
namespace emulator {

void Milestone::place(std::weak_ptr<CUstream_st> stream, uint64_t position) {
  std::lock_guard<std::mutex> lock(mutex_);
  stream_ = std::move(stream);
  position_ = position;
}

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
  const std::shared_ptr<CUstream_st> stream = stream_.lock();
  const uint64_t position = position_;
  lock.unlock();
  if (stream != nullptr) stream->demand(position);
  lock.lock();
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

uint64_t CUstream_st::push(std::function<void()> task, bool late) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (capturing_) {
    captured_.push_back(std::move(task));
    return last_;
  }
  tasks_.push_back({std::move(task), late, ++last_});
  change_.notify_all();
  return last_;
}

void CUstream_st::demand(uint64_t position) {
  std::lock_guard<std::mutex> lock(mutex_);
  demanded_ = std::max(demanded_, position);
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
  demanded_ = last_;
  change_.notify_all();
  change_.wait(lock, [this] { return tasks_.empty() && !running_; });
}

void CUstream_st::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    change_.wait(lock, [this] {
      if (tasks_.empty()) return stopping_;
      return stopping_ || !tasks_.front().late || tasks_.front().position <= demanded_;
    });
    if (tasks_.empty()) return;
    {
      const std::function<void()> task = std::move(tasks_.front().run);
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
