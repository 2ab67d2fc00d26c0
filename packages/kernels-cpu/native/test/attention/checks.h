// Counting checks, and a seeded source of numbers.
#ifndef PAROATTN_TEST_CHECKS_H_
#define PAROATTN_TEST_CHECKS_H_

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

class Checks {
 public:
  void expect(bool ok, const std::string& what) {
    ++(ok ? passed_ : failed_);
    if (!ok && failed_ <= 40) std::printf("FAILED %s\n", what.c_str());
  }
  // The largest |found - wanted| may be `tolerance` times the largest |wanted| (at least 1e-30); no NaN.
  void close(const std::vector<float>& found, const std::vector<double>& wanted, double tolerance,
             const std::string& what) {
    double worst = 0, largest = 1e-30;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const double error = std::fabs(static_cast<double>(found[i]) - wanted[i]);
      if (!(error <= worst)) worst = error;
      largest = std::fmax(largest, std::fabs(wanted[i]));
    }
    expect(found.size() == wanted.size() && worst <= tolerance * largest,
           what + ": error " + std::to_string(worst / largest * 1e6) + "e-6, allowed " +
               std::to_string(tolerance * 1e6) + "e-6");
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
  bool chance(double probability) { return uniform() < probability; }
  double uniform() { return (next() + 0.5) / 2147483648.0; }
  float normal() {
    return static_cast<float>(std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()));
  }
  std::vector<float> normals(size_t count, float scale = 1) {
    std::vector<float> values(count);
    for (float& v : values) v = scale * normal();
    return values;
  }
  std::vector<uint32_t> permutation(size_t count, size_t fixed = 0) {
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = count; i > fixed + 1; --i) {
      std::swap(order[i - 1], order[fixed + below(static_cast<uint32_t>(i - fixed))]);
    }
    return order;
  }

 private:
  uint64_t state_;
};

#endif  // PAROATTN_TEST_CHECKS_H_
