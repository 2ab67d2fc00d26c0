#include "emulator/grid.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace paroattn {
namespace emulator {

std::string Grid::run(const Launch& launch, uint64_t seed, int multiprocessors, uint64_t launch_number) {
  static Grid* grid = new Grid;  // its memory is reused; never destroyed, so that late threads may still run
  grid->random_ = Random(seed * 0x100000001B3u + launch_number);
  grid->failure_.clear();
  grid->idle_pauses_ = 0;
  grid->static_shared_ = static_shared_memory();
  adopt_this_stack(grid->scheduler_);
  const uint32_t most = static_cast<uint32_t>(std::max(1, multiprocessors));
  grid->run_all(launch, 1 + grid->random_.below(most));
  current_block = nullptr;
  current_thread = nullptr;
  return grid->failure_;
}

void Grid::run_all(const Launch& launch, uint64_t resident) {
  // Blocks start in any order on a GPU. A random start and a stride without a common factor visit each once.
  const uint64_t count = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  uint64_t number = random_.next() % count;
  uint64_t stride = random_.next() % count + 1;
  while (std::gcd(stride, count) != 1) ++stride;
  uint64_t started = 0;
  const auto start_next = [&](Block& block) {
    const uint64_t row = number / launch.grid.x;
    block.start(launch, {static_cast<unsigned>(number % launch.grid.x), static_cast<unsigned>(row % launch.grid.y),
                         static_cast<unsigned>(row / launch.grid.y)});
    number = (number + stride) % count;
    ++started;
  };

  active_.clear();
  in_place_ = nullptr;
  for (unsigned slot = 0; slot < std::min(resident, count); ++slot) {
    if (slots_.size() <= slot) slots_.push_back(std::make_unique<Block>(*this, slot));
    start_next(*slots_[slot]);
    active_.push_back(slots_[slot].get());
  }
  while (!active_.empty()) {
    enter(*active_[random_.below(static_cast<uint32_t>(active_.size()))]);
    current_thread = &current_block->take_runnable();
    switch_fibre(scheduler_, current_thread->fibre);
    // The current block, not always the one that was entered, has ended or failed.
    Block& ended = *current_block;
    if (!failed()) ended.check_guards();
    if (failed()) return;
    in_place_ = nullptr;
    if (started < count) {
      start_next(ended);
    } else {
      active_.erase(std::find(active_.begin(), active_.end(), &ended));
    }
  }
}

void Grid::enter(Block& block) {
  current_block = &block;
  if (in_place_ == &block || static_shared_.bytes == 0) return;
  if (in_place_ != nullptr) {
    std::memcpy(in_place_->saved_static().data(), static_shared_.begin, static_shared_.bytes);
  }
  std::memcpy(static_shared_.begin, block.saved_static().data(), static_shared_.bytes);
  in_place_ = &block;
}

Block& Grid::other_than(Block& from) {
  if (active_.size() < 2) return from;
  Block& next = *active_[random_.below(static_cast<uint32_t>(active_.size()))];
  enter(next);
  return next;
}

void Grid::return_to_scheduler(Thread& from) { switch_fibre(from.fibre, scheduler_, true); }

}  // namespace emulator
}  // namespace paroattn
