// Counting checks, and a seeded source of numbers.
#ifndef PAROATTN_TEST_FRONT_CHECKS_H_
#define PAROATTN_TEST_FRONT_CHECKS_H_

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace paroattn {
namespace test {

class Checks {
 public:
  void expect(bool ok, const std::string& what) {
    ++(ok ? passed_ : failed_);
    if (!ok && failed_ <= 40) std::printf("FAILED %s\n", what.c_str());
  }
  int finish() const {
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  int passed_ = 0, failed_ = 0;
};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2862933555777941757ull + 3037000493ull) {}
  uint32_t next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<uint32_t>(state_ >> 33);
  }
  uint32_t below(uint32_t limit) { return next() % limit; }
  double uniform() { return (next() + 0.5) / 2147483648.0; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
  std::vector<uint32_t> permutation(uint32_t count) {
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    for (uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    return order;
  }

 private:
  uint64_t state_;
};

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_FRONT_CHECKS_H_
