// The line of kernel source that asked for something, for reports.
#ifndef PAROATTN_EMULATOR_SITE_H_
#define PAROATTN_EMULATOR_SITE_H_

namespace paroattn {
namespace emulator {

struct Site {
  const char* file = "";
  int line = 0;

  // As a default argument this is the line of the caller.
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

constexpr bool operator==(const Site& a, const Site& b) { return a.line == b.line && a.file == b.file; }
constexpr bool operator!=(const Site& a, const Site& b) { return !(a == b); }

}  // namespace emulator
}  // namespace paroattn

#endif  // PAROATTN_EMULATOR_SITE_H_
