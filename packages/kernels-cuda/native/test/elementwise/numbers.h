// Tensors of any type of numbers, on the host and, between guards, on the device.
#ifndef PAROATTN_TEST_ELEMENTWISE_NUMBERS_H_
#define PAROATTN_TEST_ELEMENTWISE_NUMBERS_H_

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/element.h"
#include "front/checks.h"
#include "front/device_array.h"
#include "front/host_element.h"

namespace paroattn {
namespace test {

using cuda::Element;

constexpr Element kElements[] = {Element::kF32, Element::kF16, Element::kBF16};

inline const char* name_of(Element element) {
  return element == Element::kF32 ? "f32" : element == Element::kF16 ? "f16" : "bf16";
}

// Bytes in front of and behind a tensor on the device that nothing may write.
constexpr size_t kGuard = 64;

class Numbers {
 public:
  // shift: elements by which the device's copy misses an address of 16 bytes.
  Numbers(Element element, int64_t count, int shift = 0)
      : element_(element),
        count_(count),
        start_(kGuard + static_cast<size_t>(shift) * cuda::size_of(element)),
        host_(bytes(), kPoison),
        device_(std::make_unique<DeviceBytes>(start_ + bytes() + kGuard)) {}

  void set(int64_t index, double value) { cuda::store_element(value, element_, index, host_.data()); }
  double at(int64_t index) const { return cuda::element_at(host_.data(), element_, index); }
  Element element() const { return element_; }
  int64_t count() const { return count_; }
  void* host() { return host_.data(); }
  const std::vector<uint8_t>& stored() const { return host_; }
  size_t bytes() const { return static_cast<size_t>(count_) * cuda::size_of(element_); }

  // Where the device keeps it.
  void* device() const { return static_cast<uint8_t*>(device_->device()) + start_; }
  void upload() {
    std::copy(host_.begin(), host_.end(), device_->host.begin() + static_cast<ptrdiff_t>(start_));
    device_->upload();
  }
  // False where the guards are not as they were.
  bool download() {
    device_->download();
    const auto begin = device_->host.begin() + static_cast<ptrdiff_t>(start_);
    std::copy(begin, begin + static_cast<ptrdiff_t>(bytes()), host_.begin());
    for (size_t i = 0; i < device_->host.size(); ++i) {
      const bool inside = i >= start_ && i < start_ + bytes();
      if (!inside && device_->host[i] != kPoison) return false;
    }
    return true;
  }

 private:
  Element element_;
  int64_t count_;
  size_t start_;
  std::vector<uint8_t> host_;
  std::unique_ptr<DeviceBytes> device_;
};

inline void fill(Numbers& numbers, Random& random, double deviation = 1.0, double mean = 0.0) {
  for (int64_t i = 0; i < numbers.count(); ++i) numbers.set(i, mean + deviation * random.normal());
  numbers.upload();
}

// Infinities, NaN, zeros of both signs, the largest and the smallest numbers, a tie of the next smaller type.
inline std::vector<double> special_values(Element element) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double most = element == Element::kF16 ? 65504.0 : 3e38;
  const double least = element == Element::kF16 ? 0x1p-24 : element == Element::kBF16 ? 0x1p-133 : 0x1p-149;
  return {infinity, -infinity, std::nan(""), 0.0, -0.0, most, -most, least, -least, 1.0, 1 + 0x1p-8, -88.0, 88.0, 20.0};
}

// The same numbers in f32, for a reference whose result is not rounded to a smaller type.
inline Numbers widened(Numbers& numbers) {
  Numbers wide(Element::kF32, numbers.count());
  for (int64_t i = 0; i < numbers.count(); ++i) wide.set(i, numbers.at(i));
  return wide;
}

// The most that one rounding to nearest moves a number of this magnitude.
inline double half_unit(Element element, double magnitude) {
  if (element == Element::kF32) return 0.0;  // part of the other tolerances
  const int digits = element == Element::kF16 ? 11 : 8;
  const int least = element == Element::kF16 ? -14 : -126;
  const int exponent = magnitude > 0 && std::isfinite(magnitude) ? std::max(std::ilogb(magnitude), least) : least;
  return std::ldexp(1.0, exponent - digits);
}

inline bool same(double found, double wanted) {
  if (std::isnan(wanted)) return std::isnan(found);
  return found == wanted && std::signbit(found) == std::signbit(wanted);
}

// Numbers rounded once, as wanted; NaN for NaN, whatever its bits.
inline void expect_same(Checks& checks, const Numbers& found, const Numbers& wanted, const std::string& name) {
  for (int64_t i = 0; i < wanted.count(); ++i) {
    if (same(found.at(i), wanted.at(i))) continue;
    checks.expect(false, name + ": element " + std::to_string(i) + " is " + std::to_string(found.at(i)) +
                             " instead of " + std::to_string(wanted.at(i)));
    return;
  }
  checks.expect(true, name);
}

// wanted: in f32, not rounded to the type of `found`, which may beyond `bound` be off by one rounding.
inline void expect_close(Checks& checks, const Numbers& found, const Numbers& wanted,
                         const std::function<double(int64_t)>& bound, const std::string& name) {
  for (int64_t i = 0; i < wanted.count(); ++i) {
    const double value = wanted.at(i), received = found.at(i);
    if (same(received, cuda::round_to(found.element(), value))) continue;
    const double within = bound(i);
    const double tolerance = within + half_unit(found.element(), std::fabs(value) + within);
    if (std::fabs(received - value) <= tolerance) continue;
    checks.expect(false, name + ": element " + std::to_string(i) + " is " + std::to_string(received) + " instead of " +
                             std::to_string(value) + ", tolerance " + std::to_string(tolerance));
    return;
  }
  checks.expect(true, name);
}

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_ELEMENTWISE_NUMBERS_H_
