// What the environment says about the emulated device. README.md lists the variables.
#ifndef PAROATTN_EMULATOR_SETTINGS_H_
#define PAROATTN_EMULATOR_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace paroattn {
namespace emulator {

// PAROATTN_EMULATOR_FAIL, entries separated by ';':
//   FUNCTION:CODE        every call of the API function returns that error ("*": of every function)
//   FUNCTION:CODE:AFTER  so does every call after the first AFTER ones
//   kernel NAME          a kernel whose name contains NAME fails while it runs: the sticky cudaErrorLaunchFailure
struct Fault {
  std::string function;  // or empty
  int code = 0;
  uint64_t after = 0;
  std::string kernel;  // or empty
  uint64_t calls = 0;
};

// Work that streams put off until somebody waits for it: a kernel that does not wait for a copy runs before it, and the
// other way round.
enum class Late { kNothing, kCopies, kKernels };

struct Settings {
  uint64_t seed = 1;               // PAROATTN_EMULATOR_SEED
  size_t memory = size_t{1} << 30;  // PAROATTN_EMULATOR_MEMORY, bytes
  int major = 8, minor = 0;        // PAROATTN_EMULATOR_CAPABILITY, "8.0"
  int driver = 13000;              // PAROATTN_EMULATOR_DRIVER, 0: none
  int multiprocessors = 4;         // PAROATTN_EMULATOR_MULTIPROCESSORS
  uint64_t timeout = 300;          // PAROATTN_EMULATOR_TIMEOUT, seconds of the processor
  Late late = Late::kNothing;      // PAROATTN_EMULATOR_LATE=copies or kernels
  bool quiet = false;              // PAROATTN_EMULATOR_QUIET=1: no reports on stderr
  std::vector<Fault> faults;
};

Settings read_settings();

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_SETTINGS_H_
