// bf16 and f16 against arithmetic on doubles: every pattern, every midpoint and its neighbours.
#include "common/number.h"

#include <cmath>
#include <limits>

#include "checks.h"

namespace {

using namespace paroattn::cuda;

struct Format {
  Element element;
  int fraction_bits, exponent_bits;
  const char* name;
};

// The number that a pattern stands for, by the definition.
double value_of(const Format& format, uint16_t bits) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const int exponent = bits >> format.fraction_bits & ((1 << format.exponent_bits) - 1);
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == (1 << format.exponent_bits) - 1) {
    return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - format.fraction_bits);
  return sign * std::ldexp((1 << format.fraction_bits) + fraction, exponent - bias - format.fraction_bits);
}

float widen(const Format& format, uint16_t bits) {
  return format.element == Element::kBF16 ? to_float(BFloat16{bits}) : to_float(Half{bits});
}

uint16_t narrow(const Format& format, float value) {
  return format.element == Element::kBF16 ? from_float<BFloat16>(value).bits : from_float<Half>(value).bits;
}

void check(paroattn::test::Checks& checks, const Format& format) {
  const std::string name = format.name;
  const uint16_t infinity = static_cast<uint16_t>(((1 << format.exponent_bits) - 1) << format.fraction_bits);
  bool values = true, round_trips = true, nans = true;
  for (int bits = 0; bits < 65536; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const double expected = value_of(format, pattern);
    const float received = widen(format, pattern);
    if (std::isnan(expected)) {
      values = values && std::isnan(received);
      nans = nans && narrow(format, received) == 0x7fff;
    } else {
      values = values && received == expected && std::signbit(received) == std::signbit(expected);
      round_trips = round_trips && narrow(format, received) == pattern;
    }
  }
  checks.expect(values, name + ": every pattern has its value");
  checks.expect(round_trips, name + ": every number survives");
  checks.expect(nans, name + ": every NaN becomes 0x7fff");

  bool ties = true, below = true, above = true;
  for (int bits = 0; bits < infinity; ++bits) {
    const auto low = static_cast<uint16_t>(bits);
    const auto high = static_cast<uint16_t>(bits + 1);
    // Beyond the largest number the next would be there if the range went on.
    const double next = high == infinity ? 2 * value_of(format, low) - value_of(format, static_cast<uint16_t>(low - 1))
                                         : value_of(format, high);
    const auto middle = static_cast<float>((value_of(format, low) + next) / 2);
    const uint16_t even = bits % 2 == 0 ? low : high;
    for (uint16_t sign : {0, 0x8000}) {
      const float s = sign != 0 ? -1.0f : 1.0f;
      ties = ties && narrow(format, s * middle) == (sign | even);
      below = below && narrow(format, s * std::nextafterf(middle, 0.0f)) == (sign | low);
      above = above && narrow(format, s * std::nextafterf(middle, INFINITY)) == (sign | high);
    }
  }
  checks.expect(ties, name + ": ties go to even");
  checks.expect(below, name + ": below the middle rounds down");
  checks.expect(above, name + ": above the middle rounds up");
  checks.expect(narrow(format, INFINITY) == infinity && narrow(format, -INFINITY) == (infinity | 0x8000),
                name + ": infinities stay");
  checks.expect(narrow(format, std::numeric_limits<float>::max()) == infinity, name + ": too large becomes infinite");
  checks.equal(narrow(format, -0.0f), 0x8000, name + ": the sign of zero");
}

}  // namespace

int main() {
  paroattn::test::Checks checks;
  check(checks, {Element::kBF16, 7, 8, "bf16"});
  check(checks, {Element::kF16, 10, 5, "f16"});
  float low, high;
  unpack2<Element::kF16>(pack2<Element::kF16>(1.5f, -2.0f), low, high);
  checks.expect(low == 1.5f && high == -2.0f, "f16: two in a word");
  unpack2<Element::kBF16>(pack2<Element::kBF16>(1.5f, -2.0f), low, high);
  checks.expect(low == 1.5f && high == -2.0f, "bf16: two in a word");
  checks.equal(pack2<Element::kBF16>(1.0f, 0.0f), 0x3f80u, "bf16: the first is the low half");
  return checks.finish();
}
