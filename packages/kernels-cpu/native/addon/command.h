// One entry of the command stream.
#ifndef PAROATTN_ADDON_COMMAND_H_
#define PAROATTN_ADDON_COMMAND_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/parallel.h"
#include "dnnl/context.h"
#include "resource.h"

namespace paroattn {

// Thrown by a command that saw its cancel flag.
struct Cancelled {};

// What a command's view lets it be stopped by. Views without a signal of their own share their parent's.
struct Cancellation {
  uint64_t id = 0;
  CancelFlag flag{false};
};

// Wall time by operator, summed for one timed scope.
class Timings {
 public:
  struct Entry {
    uint64_t calls = 0;
    double milliseconds = 0;
  };
  void add(const std::string& label, double milliseconds) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Entry& entry = entries_[label];
    ++entry.calls;
    entry.milliseconds += milliseconds;
  }
  std::map<std::string, Entry> entries() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

// What all commands of a view share. `failure`, the first one since the last flush, is touched on the stream's thread only.
struct ViewState {
  std::shared_ptr<Cancellation> cancellation;
  std::shared_ptr<Timings> timings;  // null: not timed
  FailurePtr failure;
};

// What a running command is given.
struct Running {
  DnnlContext& dnnl;
  MemoryPool& pool;
  const CancelFlag* cancelled;
  bool& packs;  // to be set where it packs weights that stay packed
};

struct Command {
  const char* operator_name = "";
  std::string label;  // for timings; empty: the operator's name
  std::shared_ptr<ViewState> view;
  std::vector<ResourcePtr> inputs;   // a failed one fails this command
  std::vector<ResourcePtr> weights;  // inputs that may be packed
  std::vector<ResourcePtr> outputs;  // allocated before `run`
  std::function<void(const Running&)> run;
  // For commands that report instead of computing (read, flush): called whatever happened, with the failure or null.
  std::function<void(const FailurePtr&)> report;
};

}  // namespace paroattn

#endif  // PAROATTN_ADDON_COMMAND_H_
