#include "front/host_element.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace paroattn {
namespace cuda {
namespace {

struct Format {
  int digits;     // of the significand, the leading one included
  int exponent;   // bits
  int bias;
};

constexpr Format format_of(Element element) {
  return element == Element::kF32 ? Format{24, 8, 127} : element == Element::kF16 ? Format{11, 5, 15} : Format{8, 8, 127};
}

// The exponent of the smallest subnormal number.
constexpr int least_exponent(const Format& format) { return 2 - format.bias - format.digits; }

uint32_t bits_of(Element element, double value) {
  const Format format = format_of(element);
  const int fraction_bits = format.digits - 1;
  const uint32_t sign = std::signbit(value) ? 1u << (fraction_bits + format.exponent) : 0u;
  const uint32_t top = ((1u << format.exponent) - 1u) << fraction_bits;
  if (std::isnan(value)) return sign | top | 1u << (fraction_bits - 1);
  const double rounded = std::fabs(round_to(element, value));
  if (std::isinf(rounded)) return sign | top;
  if (rounded < std::ldexp(1.0, 1 - format.bias)) {
    return sign | static_cast<uint32_t>(std::ldexp(rounded, -least_exponent(format)));
  }
  const int exponent = std::ilogb(rounded);
  const auto significand = static_cast<uint32_t>(std::ldexp(rounded, fraction_bits - exponent));
  return sign | static_cast<uint32_t>(exponent + format.bias) << fraction_bits | (significand - (1u << fraction_bits));
}

double value_of(Element element, uint32_t bits) {
  const Format format = format_of(element);
  const int fraction_bits = format.digits - 1;
  const bool negative = bits >> (fraction_bits + format.exponent) & 1u;
  const uint32_t fraction = bits & ((1u << fraction_bits) - 1u);
  const int exponent = static_cast<int>(bits >> fraction_bits & ((1u << format.exponent) - 1u));
  double magnitude;
  if (exponent == (1 << format.exponent) - 1) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, least_exponent(format));
  } else {
    magnitude = std::ldexp(fraction + (1u << fraction_bits), exponent - format.bias - fraction_bits);
  }
  return negative ? -magnitude : magnitude;
}

}  // namespace

double round_to(Element element, double value) {
  if (!std::isfinite(value) || value == 0.0) return value;
  const Format format = format_of(element);
  const int exponent = std::max(std::ilogb(value) - (format.digits - 1), least_exponent(format));
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
  const bool overflows = std::fabs(rounded) >= std::ldexp(1.0, format.bias + 1);
  return overflows ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

double element_at(const void* data, Element element, int64_t index) {
  if (element == Element::kF32) return static_cast<const float*>(data)[index];
  return value_of(element, static_cast<const uint16_t*>(data)[index]);
}

void store_element(double value, Element element, int64_t index, void* data) {
  const uint32_t bits = bits_of(element, value);
  if (element == Element::kF32) {
    std::memcpy(static_cast<float*>(data) + index, &bits, sizeof(bits));
  } else {
    static_cast<uint16_t*>(data)[index] = static_cast<uint16_t>(bits);
  }
}

}  // namespace cuda
}  // namespace paroattn
