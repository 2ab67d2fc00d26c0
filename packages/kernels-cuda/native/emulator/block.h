// One block of threads: which fibre runs next, barriers, what lanes of a warp do together, copies in flight.
// Everything takes turns on one thread of the system, so there is one current block and one current thread in the process.
#ifndef PAROATTN_EMULATOR_BLOCK_H_
#define PAROATTN_EMULATOR_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "emulator/fibre.h"
#include "emulator/site.h"
#include "emulator/static_shared.h"
#include "emulator/vector_types.h"

namespace paroattn {
namespace emulator {

constexpr unsigned kWarp = 32;
constexpr unsigned kMaxThreads = 1024;
constexpr unsigned kBarriers = 16;

// Something the lanes of a warp do together: the last to arrive calls `combine` for all.
struct Collective {
  const char* name;
  // operands[lane] is what the lane passed to warp_collective, null for lanes outside the mask.
  void (*combine)(void* const* operands, uint32_t mask);
  bool aligned;  // every lane must have come from the same line
};

struct Copy {
  unsigned char* target;
  const unsigned char* source;
  unsigned bytes;  // copied; the rest of 16 becomes zero
  unsigned group;
};

struct Thread {
  enum class State { kRunnable, kInBarrier, kInCollective, kDone };

  uint3 index;
  unsigned number;  // in the block
  State state;
  Fibre fibre;

  // Where it waits.
  const char* operation;
  Site site;
  unsigned barrier;
  uint32_t mask;
  void* operands;
  int predicate;  // of __syncthreads_or and its like

  // cp.async: copies that have not landed, and how many groups were committed.
  std::vector<Copy> copies;
  unsigned groups;
};

struct Launch {
  std::string name;  // of the kernel
  dim3 grid, block;
  size_t shared_bytes = 0;
  std::function<void()> body;  // one thread's call of the kernel

  unsigned threads() const { return block.x * block.y * block.z; }
};

class Grid;

class Block {
 public:
  // slot: which of the grid's resident blocks this is.
  Block(Grid& grid, unsigned slot) : grid_(grid), slot_(slot) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Begins another block of the launch: all its threads can run, and its memory is poison.
  void start(const Launch& launch, uint3 index);
  // One of the threads that can run.
  Thread& take_runnable();
  // Once all threads have ended.
  void check_guards();
  // Its __shared__ arrays while another block has the place.
  std::vector<unsigned char>& saved_static() { return saved_static_; }

  const dim3& grid_size() const { return launch_->grid; }
  const dim3& size() const { return launch_->block; }
  const uint3& index() const { return index_; }
  unsigned char* dynamic_shared() const { return dynamic_shared_.begin; }
  bool is_shared(const void* address, size_t bytes) const;

  // What follows is called by the current thread, and may let others run.

  // Waits until `threads` have come (a multiple of 32), or all that have not ended if 0.
  void barrier(const char* name, unsigned barrier, unsigned threads, Site site);
  // Barrier 0; the number of threads that came with a predicate that holds.
  unsigned counting_barrier(const char* name, int predicate, Site site);
  void collective(const Collective& collective, uint32_t mask, void* operands, Site site);
  // A point where another thread may be let through first. Too many in a row without anything else happening is reported:
  // the block waits for something that cannot come.
  void pause(const char* name, Site site);
  void copy_async(void* shared, const void* global, unsigned bytes, Site site);
  void commit_copies();
  void wait_copies(unsigned groups_left);
  // Gives up on the whole launch; the current thread goes no further.
  [[noreturn]] void fail(const std::string& what, Site site);

 private:
  struct Barrier {
    unsigned expected, arrived, predicates;
  };
  // Lanes of a warp that wait for the rest of their mask.
  struct Group {
    const Collective* collective;
    uint32_t mask, arrived;
  };

  static void thread_main();
  unsigned char* arena() const;
  void arrive(const char* name, unsigned barrier, unsigned threads, int predicate, Site site);
  void release(unsigned barrier);
  void leave(bool last = false);
  void make_runnable(Thread& thread);
  void land_one_of_somebody();
  std::string describe_waiting() const;
  std::string place(unsigned thread_number) const;

  Grid& grid_;
  const unsigned slot_;
  const Launch* launch_ = nullptr;
  uint3 index_{};
  std::vector<Thread> threads_;
  std::vector<unsigned> runnable_;
  std::vector<Group> groups_[kMaxThreads / kWarp];
  Barrier barriers_[kBarriers];
  unsigned live_ = 0;
  unsigned copies_in_flight_ = 0;
  MemoryRange dynamic_shared_;
  std::vector<unsigned char> saved_static_;
};

// Null outside of kernels.
extern Block* current_block;
extern Thread* current_thread;

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_BLOCK_H_
