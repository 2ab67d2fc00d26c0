#include "emulator/settings.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace paroattn {
namespace emulator {
namespace {

// A test with a misspelt setting would test nothing.
[[noreturn]] void refuse(const char* name, const std::string& value, const char* expected) {
  std::fprintf(stderr, "Expected %s for %s but received \"%s\"\n", expected, name, value.c_str());
  std::abort();
}

uint64_t number(const char* name, const std::string& value, uint64_t limit = UINT64_MAX) {
  char* end = nullptr;
  const unsigned long long out = std::strtoull(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || out > limit) refuse(name, value, "a whole number");
  return out;
}

std::vector<Fault> faults(const std::string& list) {
  std::vector<Fault> out;
  std::stringstream entries(list);
  for (std::string entry; std::getline(entries, entry, ';');) {
    Fault fault;
    if (entry.rfind("kernel ", 0) == 0 && entry.size() > 7) {
      fault.kernel = entry.substr(7);
    } else {
      const size_t first = entry.find(':');
      if (first == std::string::npos || first == 0) {
        refuse("PAROATTN_EMULATOR_FAIL", entry, "FUNCTION:CODE, FUNCTION:CODE:AFTER or \"kernel NAME\"");
      }
      const size_t second = entry.find(':', first + 1);
      fault.function = entry.substr(0, first);
      fault.code = static_cast<int>(number("PAROATTN_EMULATOR_FAIL", entry.substr(first + 1, second - first - 1), 9999));
      if (second != std::string::npos) fault.after = number("PAROATTN_EMULATOR_FAIL", entry.substr(second + 1));
    }
    out.push_back(fault);
  }
  return out;
}

}  // namespace

Settings read_settings() {
  Settings out;
  const auto given = [](const char* name, std::string& value) {
    const char* found = std::getenv(name);
    value = found == nullptr ? "" : found;
    return !value.empty();
  };
  std::string value;
  if (given("PAROATTN_EMULATOR_SEED", value)) out.seed = number("PAROATTN_EMULATOR_SEED", value);
  if (given("PAROATTN_EMULATOR_MEMORY", value)) out.memory = number("PAROATTN_EMULATOR_MEMORY", value);
  if (given("PAROATTN_EMULATOR_DRIVER", value)) {
    out.driver = static_cast<int>(number("PAROATTN_EMULATOR_DRIVER", value, 99999));
  }
  if (given("PAROATTN_EMULATOR_MULTIPROCESSORS", value)) {
    out.multiprocessors = static_cast<int>(number("PAROATTN_EMULATOR_MULTIPROCESSORS", value, 1024));
  }
  if (given("PAROATTN_EMULATOR_CAPABILITY", value)) {
    if (std::sscanf(value.c_str(), "%d.%d", &out.major, &out.minor) != 2) {
      refuse("PAROATTN_EMULATOR_CAPABILITY", value, "MAJOR.MINOR");
    }
  }
  if (given("PAROATTN_EMULATOR_TIMEOUT", value)) out.timeout = number("PAROATTN_EMULATOR_TIMEOUT", value, 1'000'000);
  if (given("PAROATTN_EMULATOR_LATE", value)) {
    if (value != "copies" && value != "kernels") refuse("PAROATTN_EMULATOR_LATE", value, "copies or kernels");
    out.late = value == "copies" ? Late::kCopies : Late::kKernels;
  }
  if (given("PAROATTN_EMULATOR_QUIET", value)) out.quiet = value != "0";
  if (given("PAROATTN_EMULATOR_FAIL", value)) out.faults = faults(value);
  return out;
}

}  // namespace emulator
}  // namespace paroattn
