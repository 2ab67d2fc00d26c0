#include "progress.h"

#include <algorithm>

namespace paroattn {
namespace cuda {
namespace {

constexpr size_t kMostSuspects = 16;

}  // namespace

uint64_t Progress::count(const char* operator_name) {
  enqueued_.push_back({++last_, operator_name});
  if (enqueued_.size() > kMostSuspects) enqueued_.pop_front();
  return last_;
}

void Progress::mark(cudaStream_t stream) {
  if (!marks_.empty() && marks_.back().number == last_) return;
  const cudaEvent_t event = events_.take();
  const cudaError_t error = cudaEventRecord(event, stream);
  if (error != cudaSuccess) {
    events_.give(event);
    throw CudaError(error);
  }
  marks_.push_back({last_, event});
}

uint64_t Progress::finished() {
  while (!marks_.empty()) {
    const cudaError_t error = cudaEventQuery(marks_.front().event);
    if (error != cudaSuccess) {
      // "Not ready" is an answer, but the runtime keeps it as its last error.
      if (error == cudaErrorNotReady) cudaGetLastError();
      break;
    }
    reached(marks_.front().number);
  }
  return finished_;
}

void Progress::reached(uint64_t number) {
  finished_ = std::max(finished_, number);
  while (!marks_.empty() && marks_.front().number <= finished_) {
    events_.give(marks_.front().event);
    marks_.pop_front();
  }
  while (!enqueued_.empty() && enqueued_.front().number <= finished_) enqueued_.pop_front();
}

bool Progress::wait_for_next() {
  if (marks_.empty()) return false;
  check(cudaEventSynchronize(marks_.front().event));
  reached(marks_.front().number);
  return true;
}

std::vector<const char*> Progress::suspects() const {
  std::vector<const char*> names;
  for (const Enqueued& one : enqueued_) {
    if (std::find(names.begin(), names.end(), std::string(one.operator_name)) == names.end()) {
      names.push_back(one.operator_name);
    }
  }
  return names;
}

Blame blame(const std::vector<const char*>& suspects, const char* seen_at, const std::string& error) {
  if (suspects.empty()) return {seen_at, error};
  if (suspects.size() == 1) return {suspects.front(), error + ", seen at " + seen_at};
  std::string names;
  for (const char* name : suspects) names += (names.empty() ? "" : ", ") + std::string(name);
  return {seen_at, error + ", of one of these before: " + names};
}

}  // namespace cuda
}  // namespace paroattn
