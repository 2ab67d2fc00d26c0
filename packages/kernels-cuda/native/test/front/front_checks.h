// Holds the front's kernel against its reference.
#ifndef PAROATTN_TEST_FRONT_FRONT_CHECKS_H_
#define PAROATTN_TEST_FRONT_FRONT_CHECKS_H_

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "front_case.h"

namespace paroattn {
namespace test {

struct FrontOutputs {
  std::vector<uint16_t> query, key, value;
  std::vector<int32_t> key_counts;
};

inline FrontOutputs outputs_of(FrontCase& c) {
  return {{c.query->host(), c.query->host() + c.query->size()},
          {c.key->host(), c.key->host() + c.key->size()},
          {c.value->host(), c.value->host() + c.value->size()},
          {c.key_counts->host(), c.key_counts->host() + c.key_counts->size()}};
}

inline FrontOutputs run_kernel(FrontCase& c) {
  c.poison_outputs();
  must(cuda::front(c.problem(true), nullptr), "front");
  must(cudaDeviceSynchronize(), "front");
  c.download_outputs();
  return outputs_of(c);
}

inline FrontOutputs run_reference(FrontCase& c) {
  c.poison_outputs();
  cuda::front_reference(c.problem(false));
  return outputs_of(c);
}

// Queries and keys before their rounding (to 24 bits), packed as the kernel packs them.
struct Unrounded {
  std::vector<float> query, key, value;
};

inline Unrounded run_unrounded(FrontCase& c) {
  Unrounded rows{std::vector<float>(c.query_elements()), std::vector<float>(c.key_elements()),
                 std::vector<float>(c.key_elements())};
  cuda::FrontProblem problem = c.problem(false);
  problem.packed.element = Element::kF32;
  problem.packed.query = rows.query.data();
  problem.packed.key = rows.key.data();
  problem.packed.value = rows.value.data();
  cuda::front_reference(problem);
  return rows;
}

inline float largest(DeviceArray<float>& values, float otherwise) {
  float most = values.size() == 0 ? otherwise : 0.0f;
  for (size_t i = 0; i < values.size(); ++i) most = std::max(most, std::fabs(values.host()[i]));
  return most;
}

// What f32 arithmetic may do to a row, beside the rounding into the packed element; in units of 2^-24 of the row's scale.
// A sum of 128 terms passes at most 20 additions (16 in a lane, 4 shuffles), twice for a layer norm (its correction); the
// reciprocal root and the factors are good to 8; the rotation adds two products of two channels, 2 x (28 + 20) in all.
constexpr double kArithmeticUnits = 2 * (2 * 20 + 8);

// Row by row: nothing but the rounding where the row is zero; else one rounding of each element and the arithmetic.
inline void check_rows(Checks& checks, const Traits& traits, const std::vector<uint16_t>& found,
                       const std::vector<float>& wanted, float weight, float bias, const std::string& what) {
  const size_t packed_dim = static_cast<size_t>(cuda::packed_head_dim(traits.head_dim));
  const double roundoff = cuda::unit_roundoff(traits.packed), least = cuda::subnormal_roundoff(traits.packed);
  double worst = 0.0;
  bool padding = true;
  for (size_t row = 0; row < wanted.size() / packed_dim; ++row) {
    const float* y = wanted.data() + row * packed_dim;
    float most = 0.0f;
    for (size_t c = 0; c < packed_dim; ++c) most = std::max(most, std::fabs(y[c]));
    const double scale = traits.norm == NormKind::kNone ? 1.5 * most : 1.5 * most + 2.0 * bias + weight;
    const double arithmetic = kArithmeticUnits * 0x1p-24 * scale;
    for (size_t c = 0; c < packed_dim; ++c) {
      const uint16_t bits = found[row * packed_dim + c];
      if (most == 0.0f || c >= static_cast<size_t>(traits.head_dim)) {
        padding = padding && bits == 0;
        continue;
      }
      const double error = std::fabs(cuda::element_at(&bits, traits.packed, 0) - y[c]);
      const double allowed = roundoff * (std::fabs(y[c]) + arithmetic) + least + arithmetic;
      if (!(error / allowed <= worst)) worst = error / allowed;
    }
  }
  checks.expect(worst <= 1.0, what + ": " + std::to_string(worst) + " of the allowed error in " + traits.name());
  checks.expect(padding, what + ": padding is zero in " + traits.name());
}

inline void check_front(Checks& checks, const Traits& traits, uint64_t seed) {
  FrontCase c(traits, seed);
  const FrontOutputs found = run_kernel(c);
  const FrontOutputs wanted = run_reference(c);
  checks.expect(found.key_counts == wanted.key_counts, "key counts in " + traits.name());
  checks.expect(found.value == wanted.value, "values to the bit in " + traits.name());
  if (traits.norm == NormKind::kNone && traits.pairing == Pairing::kNone) {
    checks.expect(found.query == wanted.query, "queries to the bit in " + traits.name());
    checks.expect(found.key == wanted.key, "keys to the bit in " + traits.name());
    return;
  }
  const Unrounded unrounded = run_unrounded(c);
  check_rows(checks, traits, found.query, unrounded.query, largest(*c.query_weight, 1.0f), largest(*c.query_bias, 0.0f),
             "queries");
  check_rows(checks, traits, found.key, unrounded.key, largest(*c.key_weight, 1.0f), largest(*c.key_bias, 0.0f), "keys");
}

}  // namespace test
}  // namespace paroattn

#endif  // PAROATTN_TEST_FRONT_FRONT_CHECKS_H_
