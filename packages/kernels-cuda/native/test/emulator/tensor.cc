// ldmatrix and mma against what they mean, on numbers whose sums are exact in any order.
#include <string>
#include <vector>

#include "common/checks.h"
#include "common/fragments.h"
#include "common/number.h"
#include "common/ptx.h"
#include "run.h"

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

// C = A * B with A [16, 16] and B [16, 8], loaded as a kernel would: A by ldmatrix.x4, B either from rows of k, transposed
// on the way, or from rows of n.
template <Element kElement>
__global__ void product(const uint16_t* a, const uint16_t* b, bool rows_of_n, float* c) {
  uint16_t* tile_a = dynamic_shared<uint16_t>();
  uint16_t* tile_b = tile_a + 256;
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 256; i += 32) tile_a[i] = a[i];
  for (int i = lane; i < 128; i += 32) tile_b[i] = b[i];
  __syncthreads();
  uint32_t left[4], right[2];
  ptx::ldmatrix_x4(left, tile_a + lane % 16 * 16 + lane / 16 * 8);
  if (rows_of_n) {
    ptx::ldmatrix_x2(right, tile_b + lane % 8 * 16 + lane / 8 % 2 * 8);
  } else {
    ptx::ldmatrix_x2_trans(right, tile_b + lane % 16 * 8);
  }
  float sums[4];
  for (int reg = 0; reg < 4; ++reg) sums[reg] = c[fragments::c_row(lane, reg) * 8 + fragments::c_column(lane, reg)];
  ptx::mma<kElement>(sums, left, right[0], right[1]);
  for (int reg = 0; reg < 4; ++reg) c[fragments::c_row(lane, reg) * 8 + fragments::c_column(lane, reg)] = sums[reg];
}

template <Element kElement>
void check_product(Checks& checks, bool rows_of_n) {
  std::vector<uint16_t> a(256), b(128);
  std::vector<float> c(128);
  const auto number = [](size_t i, int modulus) { return static_cast<float>(static_cast<int>(i * 37 % modulus) - modulus / 2); };
  for (size_t i = 0; i < 256; ++i) a[i] = from_float<Number<kElement>>(number(i, 61) / 8).bits;
  for (size_t i = 0; i < 128; ++i) b[i] = from_float<Number<kElement>>(number(i, 53) / 4).bits;
  for (size_t i = 0; i < 128; ++i) c[i] = number(i, 19);
  DeviceVector<uint16_t> device_a(a), device_b(b);
  DeviceVector<float> device_c(c);
  checks.equal(run(product<kElement>, LaunchShape{1, 32, 768}, device_a.data(), device_b.data(), rows_of_n,
                   device_c.data()).error,
               cudaSuccess, "product");
  const auto values = device_c.values();
  for (size_t row = 0; row < 16; ++row) {
    for (size_t column = 0; column < 8; ++column) {
      double expected = c[row * 8 + column];
      for (size_t k = 0; k < 16; ++k) {
        const uint16_t of_b = rows_of_n ? b[column * 16 + k] : b[k * 8 + column];
        expected += static_cast<double>(to_float(Number<kElement>{a[row * 16 + k]})) * to_float(Number<kElement>{of_b});
      }
      checks.equal(values[row * 8 + column], expected, "entry of a product");
    }
  }
}

template <bool kTransposed>
__global__ void load(uint32_t* out) {
  auto* rows = dynamic_shared<uint16_t>();
  const int lane = static_cast<int>(threadIdx.x);
  // Entry 1000 m + 10 r + c of matrix m, row r, column c.
  for (int c = 0; c < 8; ++c) rows[8 * lane + c] = static_cast<uint16_t>(1000 * (lane / 8) + 10 * (lane % 8) + c);
  __syncthreads();
  uint32_t one[1], two[2], four[4];
  if (kTransposed) {
    ptx::ldmatrix_x1_trans(one, rows + 8 * (lane % 8));
    ptx::ldmatrix_x2_trans(two, rows + 8 * (lane % 16));
    ptx::ldmatrix_x4_trans(four, rows + 8 * lane);
  } else {
    ptx::ldmatrix_x1(one, rows + 8 * (lane % 8));
    ptx::ldmatrix_x2(two, rows + 8 * (lane % 16));
    ptx::ldmatrix_x4(four, rows + 8 * lane);
  }
  uint32_t* mine = out + 7 * lane;
  mine[0] = one[0];
  for (int i = 0; i < 2; ++i) mine[1 + i] = two[i];
  for (int i = 0; i < 4; ++i) mine[3 + i] = four[i];
}

template <bool kTransposed>
void check_load(Checks& checks) {
  DeviceVector<uint32_t> out(7 * 32);
  checks.equal(run(load<kTransposed>, LaunchShape{1, 32, 512}, out.data()).error, cudaSuccess, "ldmatrix");
  const auto values = out.values();
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned i = 0; i < 7; ++i) {
      const unsigned matrix = i < 1 ? 0 : i < 3 ? i - 1 : i - 3;
      const unsigned major = lane / 4, minor = lane % 4 * 2;  // the PTX manual's thread layout
      const unsigned first = kTransposed ? 1000 * matrix + 10 * minor + major : 1000 * matrix + 10 * major + minor;
      checks.equal(values[7 * lane + i], first | (first + (kTransposed ? 10 : 1)) << 16, "register of ldmatrix");
    }
  }
}

}  // namespace

int main() {
  Checks checks;
  for (bool rows_of_n : {false, true}) {
    check_product<Element::kBF16>(checks, rows_of_n);
    check_product<Element::kF16>(checks, rows_of_n);
  }
  check_load<false>(checks);
  check_load<true>(checks);
  return checks.finish();
}
