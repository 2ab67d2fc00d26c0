// Counts checks and prints those that fail.
#ifndef PAROATTN_TEST_COMMON_CHECKS_H_
#define PAROATTN_TEST_COMMON_CHECKS_H_

#include <cstdio>
#include <string>

namespace paroattn {
namespace test {

class Checks {
 public:
  void expect(bool ok, const std::string& what) {
    ++(ok ? passed_ : failed_);
    if (!ok && failed_ <= 40) std::printf("FAILED %s\n", what.c_str());
  }
  template <class T, class U>
  void equal(const T& received, const U& expected, const std::string& what) {
    expect(received == static_cast<T>(expected),
           what + ": expected " + text(static_cast<T>(expected)) + " but received " + text(received));
  }
  void contains(const std::string& whole, const std::string& part, const std::string& what) {
    expect(whole.find(part) != std::string::npos, what + ": expected \"" + part + "\" in \"" + whole + "\"");
  }
  // The exit status of the program.
  int finish() const {
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  static std::string text(const std::string& value) { return value; }
  template <class T>
  static std::string text(const T& value) {
    return std::to_string(value);
  }

  int passed_ = 0, failed_ = 0;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_COMMON_CHECKS_H_
