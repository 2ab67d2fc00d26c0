// Ends a process whose kernel neither ends nor lets another thread go on, where a GPU would hang.
#ifndef PAROATTN_EMULATOR_WATCHDOG_H_
#define PAROATTN_EMULATOR_WATCHDOG_H_

#include <atomic>
#include <cstdint>

#include "emulator/block.h"

namespace paroattn {
namespace emulator {

// Counts up whenever a thread of a kernel stops for others.
extern std::atomic<uint64_t> turns;

// Lives while the launch runs on this thread. Once a thread of the kernel has used so much time of the processor (not of the
// clock: the machine may be busy) without a turn, the process is aborted, with the kernel and the block on stderr.
class Watch {
 public:
  Watch(const Launch& launch, uint64_t seconds);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_WATCHDOG_H_
