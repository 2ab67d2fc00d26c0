// Stored numbers on the host, over every pattern of the 2-byte types and against the compiler's own f32.
#include "front/host_element.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "checks.h"

using namespace paroattn;
using namespace paroattn::test;
using cuda::Element;

namespace {

// Every number is its own rounding, keeps its bits, and halves of neighbours' distances go to even.
void check_patterns(Checks& checks, Element element, uint32_t infinity) {
  bool same = true, middle = true, beside = true;
  for (uint32_t bits = 0; bits < infinity; ++bits) {
    const uint16_t pattern = static_cast<uint16_t>(bits), next = static_cast<uint16_t>(bits + 1);
    const double value = cuda::element_at(&pattern, element, 0);
    uint16_t stored = 1;
    cuda::store_element(-value, element, 0, &stored);
    same = same && cuda::round_to(element, value) == value && stored == (bits | 0x8000u);
    if (bits + 1 == infinity) break;
    const double following = cuda::element_at(&next, element, 0);
    const double half = value + (following - value) / 2;
    middle = middle && cuda::round_to(element, half) == (bits % 2 == 0 ? value : following);
    beside = beside && cuda::round_to(element, std::nextafter(half, 0.0)) == value &&
             cuda::round_to(element, std::nextafter(half, 1e300)) == following;
  }
  checks.expect(same, "numbers stay as they are");
  checks.expect(middle, "ties go to even");
  checks.expect(beside, "the nearest number is found");
  const uint16_t top = static_cast<uint16_t>(infinity), largest = static_cast<uint16_t>(infinity - 1);
  const double most = cuda::element_at(&largest, element, 0);
  checks.expect(std::isinf(cuda::element_at(&top, element, 0)), "infinity is read");
  checks.expect(std::isinf(cuda::round_to(element, most * (1 + cuda::unit_roundoff(element)))), "overflow is infinite");
  uint16_t stored;
  cuda::store_element(std::numeric_limits<double>::quiet_NaN(), element, 0, &stored);
  checks.expect(std::isnan(cuda::element_at(&stored, element, 0)), "NaN stays NaN");
  cuda::store_element(1e300, element, 0, &stored);
  checks.expect(stored == infinity, "infinity is stored");
}

void check_f32(Checks& checks) {
  Random random(1);
  bool same = true;
  for (int i = 0; i < 100000; ++i) {
    const double value = std::ldexp(random.normal(), static_cast<int>(random.below(300)) - 155);
    float stored;
    cuda::store_element(value, Element::kF32, 0, &stored);
    same = same && stored == static_cast<float>(value) && cuda::element_at(&stored, Element::kF32, 0) == stored;
  }
  checks.expect(same, "f32 rounds as the compiler's");
}

void check_known(Checks& checks) {
  const auto bits = [](Element element, double value) {
    uint16_t stored;
    cuda::store_element(value, element, 0, &stored);
    return stored;
  };
  checks.expect(bits(Element::kF16, 1.0) == 0x3c00 && bits(Element::kF16, 65504) == 0x7bff &&
                    bits(Element::kF16, 0x1p-24) == 0x0001 && bits(Element::kF16, 65519.9) == 0x7bff &&
                    bits(Element::kF16, 65520) == 0x7c00,
                "f16 by hand");
  checks.expect(bits(Element::kBF16, 1.0) == 0x3f80 && bits(Element::kBF16, 3.140625) == 0x4049 &&
                    bits(Element::kBF16, -0.0) == 0x8000 && bits(Element::kBF16, 0x1p-133) == 0x0001,
                "bf16 by hand");
}

}  // namespace

int main() {
  Checks checks;
  check_patterns(checks, Element::kF16, 0x7c00);
  check_patterns(checks, Element::kBF16, 0x7f80);
  check_f32(checks);
  check_known(checks);
  return checks.finish();
}
