#include "emulator/block.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "emulator/device_memory.h"
#include "emulator/grid.h"
#include "emulator/poison.h"
#include "emulator/sanitizer.h"
#include "emulator/watchdog.h"

namespace paroattn {
namespace emulator {

Block* current_block = nullptr;
Thread* current_thread = nullptr;

namespace {

// Unwinds the thread that fails. The others are abandoned where they wait: kernels own nothing.
struct Failure {};

constexpr uint64_t kIdlePauses = 20'000'000;
constexpr size_t kSharedGuard = 1024;
constexpr size_t kSharedCapacity = 228 * 1024;

std::string text(const uint3& at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

std::string text(const Site& site) {
  const char* slash = std::strrchr(site.file, '/');
  return std::string(slash == nullptr ? site.file : slash + 1) + ":" + std::to_string(site.line);
}

std::string hex(uint32_t mask) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08x", mask);
  return digits;
}

// "0-31, 40"
std::string ranges(const std::vector<unsigned>& numbers) {
  std::string out;
  for (size_t i = 0; i < numbers.size();) {
    size_t j = i;
    while (j + 1 < numbers.size() && numbers[j + 1] == numbers[j] + 1) ++j;
    out += (out.empty() ? "" : ", ") + std::to_string(numbers[i]);
    if (j > i) out += "-" + std::to_string(numbers[j]);
    i = j + 1;
  }
  return out;
}

}  // namespace

// Dynamic shared memory begins at a multiple of 128 that is not one of 256: kernels may count on no more.
unsigned char* Block::arena() const {
  static auto* arenas = new std::vector<unsigned char*>;
  while (arenas->size() <= slot_) {
    arenas->push_back(static_cast<unsigned char*>(std::aligned_alloc(1024, kSharedCapacity + 4 * kSharedGuard)));
  }
  return (*arenas)[slot_] + kSharedGuard + 128;
}

bool Block::is_shared(const void* address, size_t bytes) const {
  return dynamic_shared_.contains(address, bytes) || grid_.static_shared().contains(address, bytes);
}

void Block::start(const Launch& launch, uint3 index) {
  const unsigned count = launch.threads();
  launch_ = &launch;
  index_ = index;
  live_ = count;
  copies_in_flight_ = 0;
  for (auto& groups : groups_) groups.clear();
  for (auto& barrier : barriers_) barrier = {0, 0, 0};
  if (threads_.size() < count) threads_.resize(count);
  runnable_.clear();
  for (unsigned i = 0; i < count; ++i) {
    Thread& thread = threads_[i];
    thread.index = {i % launch.block.x, i / launch.block.x % launch.block.y, i / launch.block.x / launch.block.y};
    thread.number = i;
    thread.state = Thread::State::kRunnable;
    thread.copies.clear();
    thread.groups = 0;
    prepare_fibre(thread.fibre, slot_ * count + i, thread_main);
    runnable_.push_back(i);
  }

  unsigned char* base = arena();
  dynamic_shared_ = {base, launch.shared_bytes};
  unpoison(base - kSharedGuard, kSharedCapacity + 2 * kSharedGuard);
  fill_poison(base - kSharedGuard, launch.shared_bytes + 2 * kSharedGuard);
  poison(base - kSharedGuard, kSharedGuard);
  poison(base + launch.shared_bytes, kSharedGuard);
  saved_static_.assign(grid_.static_shared().bytes, kPoison);
}

void Block::check_guards() {
  const unsigned char* base = dynamic_shared_.begin;
  if (kAddressSanitizer) return;  // it has reported such writes itself
  if (is_poison(base - kSharedGuard, kSharedGuard) && is_poison(base + dynamic_shared_.bytes, kSharedGuard)) return;
  grid_.set_failure(place(kMaxThreads) + "wrote outside of its " + std::to_string(dynamic_shared_.bytes) +
                    " bytes of dynamic shared memory");
}

Thread& Block::take_runnable() {
  const unsigned chosen = grid_.random().below(static_cast<uint32_t>(runnable_.size()));
  Thread& thread = threads_[runnable_[chosen]];
  runnable_[chosen] = runnable_.back();
  runnable_.pop_back();
  return thread;
}

void Block::thread_main() {
  fibre_started();
  Block& block = *current_block;
  try {
    block.launch_->body();
  } catch (const Failure&) {
    block.grid_.return_to_scheduler(*current_thread);
  }
  Thread& self = *current_thread;
  self.state = Thread::State::kDone;
  --block.live_;
  block.grid_.progress();
  // Those that wait for everybody wait for one less.
  for (unsigned b = 0; b < kBarriers; ++b) {
    Barrier& barrier = block.barriers_[b];
    if (barrier.arrived > 0 && barrier.expected == 0 && barrier.arrived == block.live_) block.release(b);
  }
  block.leave(true);
}

// Goes on in another fibre; returns when this one is chosen again.
void Block::leave(bool last) {
  Thread& self = *current_thread;
  turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // one kernel at a time
  if (copies_in_flight_ > 0 && grid_.random().below(8) == 0) land_one_of_somebody();
  if (runnable_.empty()) {
    if (live_ > 0) grid_.set_failure(place(kMaxThreads) + "cannot go on: every thread waits.\n" + describe_waiting());
    grid_.return_to_scheduler(self);
  }
  Block& block = grid_.random().below(16) == 0 ? grid_.other_than(*this) : *this;
  Thread& next = block.take_runnable();
  if (&next == &self) return;
  current_thread = &next;
  switch_fibre(self.fibre, next.fibre, last);
}

void Block::make_runnable(Thread& thread) {
  thread.state = Thread::State::kRunnable;
  runnable_.push_back(thread.number);
}

void Block::arrive(const char* name, unsigned number, unsigned threads, int predicate, Site site) {
  Thread& self = *current_thread;
  if (number >= kBarriers) fail("barrier " + std::to_string(number) + " does not exist: there are 16", site);
  if (threads % kWarp != 0) fail("expected a multiple of 32 threads for a barrier but received " + std::to_string(threads), site);
  Barrier& barrier = barriers_[number];
  if (barrier.arrived == 0) {
    barrier.expected = threads;
    barrier.predicates = 0;
  } else if (barrier.expected != threads) {
    fail("barrier " + std::to_string(number) + " is used with different numbers of threads at once", site);
  }
  barrier.arrived += 1;
  barrier.predicates += predicate != 0;
  self.state = Thread::State::kInBarrier;
  self.operation = name;
  self.site = site;
  self.barrier = number;
  if (barrier.arrived == (threads == 0 ? live_ : threads)) release(number);
  leave();
}

void Block::release(unsigned number) {
  Barrier& barrier = barriers_[number];
  const auto predicates = static_cast<int>(barrier.predicates);
  barrier.arrived = 0;
  grid_.progress();
  const Thread* first = nullptr;  // of the warp
  for (unsigned i = 0; i < launch_->threads(); ++i) {
    Thread& thread = threads_[i];
    if (i % kWarp == 0) first = nullptr;
    if (thread.state != Thread::State::kInBarrier || thread.barrier != number) continue;
    if (first != nullptr && (first->site != thread.site || first->operation != thread.operation)) {
      const std::string what = "lanes of one warp came to a barrier from different places: thread " +
                               std::to_string(first->number) + " from " + first->operation + " at " + text(first->site) +
                               ", thread " + std::to_string(i) + " from " + thread.operation;
      fail(what, thread.site);
    }
    first = &thread;
    thread.predicate = predicates;
    make_runnable(thread);
  }
}

void Block::barrier(const char* name, unsigned number, unsigned threads, Site site) {
  arrive(name, number, threads, 0, site);
}

unsigned Block::counting_barrier(const char* name, int predicate, Site site) {
  Thread& self = *current_thread;
  arrive(name, 0, 0, predicate, site);
  return static_cast<unsigned>(self.predicate);
}

void Block::collective(const Collective& collective, uint32_t mask, void* operands, Site site) {
  Thread& self = *current_thread;
  const unsigned lane = self.number % kWarp;
  const unsigned first = self.number - lane;
  if ((mask >> lane & 1) == 0) fail(std::string(collective.name) + " by a lane that its mask " + hex(mask) + " lacks", site);
  self.operation = collective.name;
  self.site = site;
  self.mask = mask;
  self.operands = operands;

  auto& groups = groups_[first / kWarp];
  size_t g = 0;
  while (g < groups.size() && (groups[g].collective != &collective || groups[g].mask != mask)) ++g;
  if (g == groups.size()) groups.push_back({&collective, mask, 0});
  groups[g].arrived |= 1u << lane;
  if (groups[g].arrived != mask) {
    self.state = Thread::State::kInCollective;
    leave();
    return;
  }

  groups[g] = groups.back();
  groups.pop_back();
  grid_.progress();
  void* all[kWarp] = {};
  for (unsigned l = 0; l < kWarp; ++l) {
    if ((mask >> l & 1) == 0) continue;
    Thread& other = threads_[first + l];
    if (collective.aligned && other.site != site) {
      fail(std::string(collective.name) + " by lanes of one warp from different places: thread " +
               std::to_string(other.number) + " from " + text(other.site),
           site);
    }
    all[l] = other.operands;
    if (l != lane) make_runnable(other);
  }
  collective.combine(all, mask);
  if (grid_.random().below(4) == 0) {
    make_runnable(self);
    leave();
  }
}

void Block::pause(const char* name, Site site) {
  if (grid_.count_pause() > kIdlePauses) {
    fail(std::string(name) + " was executed " + std::to_string(kIdlePauses) +
             " times while nothing else happened: does the block wait for another one, which may not run beside it?",
         site);
  }
  if (grid_.random().below(4) != 0) return;
  Thread& self = *current_thread;
  self.operation = name;
  self.site = site;
  make_runnable(self);
  leave();
}

void Block::copy_async(void* shared, const void* global, unsigned bytes, Site site) {
  auto* target = static_cast<unsigned char*>(shared);
  const auto* source = static_cast<const unsigned char*>(global);
  if (reinterpret_cast<uintptr_t>(target) % 16 != 0) fail("cp.async of 16 bytes to a misaligned address", site);
  if (!is_shared(target, 16)) fail("cp.async to an address outside of shared memory", site);
  if (bytes > 0 && reinterpret_cast<uintptr_t>(source) % 16 != 0) fail("cp.async of 16 bytes from a misaligned address", site);
  if (bytes > 0 && !is_readable_device_memory(source, bytes)) {
    fail("cp.async from an address outside of every device allocation", site);
  }
  // Whoever still reads the old contents, or already reads the new ones, finds this.
  fill_poison(target, 16);
  current_thread->copies.push_back({target, source, bytes, current_thread->groups});
  ++copies_in_flight_;
}

namespace {

void land(const Copy& copy) {
  if (copy.bytes > 0) std::memcpy(copy.target, copy.source, copy.bytes);
  std::memset(copy.target + copy.bytes, 0, 16 - copy.bytes);
}

}  // namespace

void Block::land_one_of_somebody() {
  Thread& thread = threads_[grid_.random().below(launch_->threads())];
  if (thread.copies.empty()) return;
  const size_t chosen = grid_.random().below(static_cast<uint32_t>(thread.copies.size()));
  land(thread.copies[chosen]);
  thread.copies[chosen] = thread.copies.back();
  thread.copies.pop_back();
  --copies_in_flight_;
}

void Block::commit_copies() { ++current_thread->groups; }

void Block::wait_copies(unsigned groups_left) {
  Thread& self = *current_thread;
  auto& copies = self.copies;
  for (size_t i = 0; i < copies.size();) {
    if (copies[i].group + groups_left >= self.groups) {
      ++i;
      continue;
    }
    land(copies[i]);
    copies[i] = copies.back();
    copies.pop_back();
    --copies_in_flight_;
  }
}

void Block::fail(const std::string& what, Site site) {
  grid_.set_failure(place(current_thread->number) + what + ", at " + text(site));
  throw Failure();
}

std::string Block::place(unsigned thread_number) const {
  std::string out = "kernel " + launch_->name + ", block " + text(index_);
  if (thread_number < kMaxThreads) out += ", thread " + text(threads_[thread_number].index);
  return out + ": ";
}

std::string Block::describe_waiting() const {
  std::map<std::string, std::vector<unsigned>> where;
  for (unsigned i = 0; i < launch_->threads(); ++i) {
    const Thread& thread = threads_[i];
    std::string at;
    if (thread.state == Thread::State::kDone) {
      at = "have ended";
    } else {
      at = "wait in " + std::string(thread.operation) + " at " + text(thread.site);
      if (thread.state == Thread::State::kInCollective) at += " for the lanes " + hex(thread.mask);
      if (thread.state == Thread::State::kInBarrier) at += " (barrier " + std::to_string(thread.barrier) + ")";
    }
    where[at].push_back(i);
  }
  std::string out;
  for (const auto& [at, threads] : where) out += "  threads " + ranges(threads) + " " + at + "\n";
  return out;
}

}  // namespace emulator
}  // namespace paroattn
