// A launch: its blocks, of which a few are resident and take turns.
#ifndef PAROATTN_EMULATOR_GRID_H_
#define PAROATTN_EMULATOR_GRID_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/block.h"
#include "emulator/random.h"

namespace paroattn {
namespace emulator {

class Grid {
 public:
  // Runs every block, in an order that chance decides; chance also decides how many are resident, at most
  // `multiprocessors`. Returns an empty string, or what went wrong: then the rest was abandoned.
  static std::string run(const Launch& launch, uint64_t seed, int multiprocessors, uint64_t launch_number);

  Random& random() { return random_; }
  const MemoryRange& static_shared() const { return static_shared_; }

  // Leaves `from` for another resident block, if there is one.
  Block& other_than(Block& from);
  // Something happened that a waiting thread may have waited for.
  void progress() { idle_pauses_ = 0; }
  uint64_t count_pause() { return ++idle_pauses_; }
  bool failed() const { return !failure_.empty(); }
  // Of several, the first is kept.
  void set_failure(const std::string& failure) {
    if (failure_.empty()) failure_ = failure;
  }
  // Ends the turns of the current thread for good.
  void return_to_scheduler(Thread& from);

 private:
  void run_all(const Launch& launch, uint64_t resident);
  void enter(Block& block);

  std::vector<std::unique_ptr<Block>> slots_;
  std::vector<Block*> active_;
  Block* in_place_ = nullptr;  // whose __shared__ arrays are where the kernel finds them
  Random random_;
  Fibre scheduler_;
  MemoryRange static_shared_;
  std::string failure_;
  uint64_t idle_pauses_ = 0;
};

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_GRID_H_
