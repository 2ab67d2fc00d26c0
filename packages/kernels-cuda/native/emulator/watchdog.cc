#include "emulator/watchdog.h"

#include <pthread.h>
#include <time.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace paroattn {
namespace emulator {

std::atomic<uint64_t> turns{0};

namespace {

// The thread that watches waits in `change` while no kernel runs. Never destroyed: it outlives main().
struct State {
  std::mutex mutex;
  std::condition_variable change;
  const Launch* launch = nullptr;
  uint64_t number = 0;  // of launches so far
  double limit = 0;
  clockid_t clock{};
};

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void loop(State& state) {
  std::unique_lock<std::mutex> lock(state.mutex);
  uint64_t number = 0, last_turns = 0;
  double since = 0;
  for (;;) {
    state.change.wait(lock, [&] { return state.launch != nullptr; });
    const double now = seconds_of(state.clock);
    const uint64_t now_turns = turns.load();
    if (number != state.number || last_turns != now_turns) {
      number = state.number;
      last_turns = now_turns;
      since = now;
    } else if (now - since > state.limit) {
      const uint3 at = current_block->index();
      std::fprintf(stderr,
                   "CUDA emulator: kernel %s, block (%u, %u, %u): a thread has run for %.0f seconds without meeting "
                   "another; does it wait for something that cannot come?\n",
                   state.launch->name.c_str(), at.x, at.y, at.z, now - since);
      std::abort();
    }
    state.change.wait_for(lock, std::chrono::milliseconds(500), [&] { return state.launch == nullptr; });
  }
}

State& state() {
  static State* it = [] {
    auto* made = new State;
    std::thread([made] { loop(*made); }).detach();
    return made;
  }();
  return *it;
}

}  // namespace

Watch::Watch(const Launch& launch, uint64_t seconds) {
  State& it = state();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.launch = &launch;
  it.limit = static_cast<double>(seconds);
  ++it.number;
  pthread_getcpuclockid(pthread_self(), &it.clock);
  it.change.notify_all();
}

Watch::~Watch() {
  State& it = state();
  std::lock_guard<std::mutex> lock(it.mutex);
  it.launch = nullptr;
  it.change.notify_all();
}

}  // namespace emulator
}  // namespace paroattn
