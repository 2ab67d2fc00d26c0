// Whether the chip places operands as common/fragments.h says: one instruction each, against the map on the host. Values are
// small integers, exact in every type, so that a misplaced element is seen and rounding is not.
// Usage: device_layout_probe [--seed N]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "c_api/device_test/device_array.h"
#include "common/fragments.h"
#include "common/ptx.h"

using namespace paroattn;
using namespace paroattn::cuda;

namespace {

constexpr int kWarp = 32;
constexpr int kTileBytes = 4 * 8 * 16;  // four 8x8 matrices of 16-bit elements, a row 16 bytes

// Row r of matrix i of the tile starts at tile + (8 i + r) * 16 bytes; every lane writes the registers it was given.
template <int kMatrices, bool kTranspose>
__global__ void load_matrices(const uint4* tile, uint32_t* registers) {
  unsigned char* shared = dynamic_shared<unsigned char>();
  const int lane = static_cast<int>(threadIdx.x);
  reinterpret_cast<uint4*>(shared)[lane] = tile[lane];
  __syncthreads();
  uint32_t matrix[kMatrices];
  // Lanes beyond 8 * kMatrices pass some valid address; it does not matter which.
  const void* row = shared + (lane % (8 * kMatrices)) * 16;
  if constexpr (kMatrices == 4 && kTranspose) ptx::ldmatrix_x4_trans(matrix, row);
  if constexpr (kMatrices == 4 && !kTranspose) ptx::ldmatrix_x4(matrix, row);
  if constexpr (kMatrices == 2 && kTranspose) ptx::ldmatrix_x2_trans(matrix, row);
  if constexpr (kMatrices == 2 && !kTranspose) ptx::ldmatrix_x2(matrix, row);
  if constexpr (kMatrices == 1 && kTranspose) ptx::ldmatrix_x1_trans(matrix, row);
  if constexpr (kMatrices == 1 && !kTranspose) ptx::ldmatrix_x1(matrix, row);
  for (int i = 0; i < kMatrices; ++i) registers[lane * kMatrices + i] = matrix[i];
}

// D = A B + C with the registers that the host put together.
template <Element kElement>
__global__ void multiply(const uint32_t* a, const uint32_t* b, const float* c, float* d) {
  const int lane = static_cast<int>(threadIdx.x);
  uint32_t left[4];
  float accumulator[4];
  for (int i = 0; i < 4; ++i) {
    left[i] = a[lane * 4 + i];
    accumulator[i] = c[lane * 4 + i];
  }
  ptx::mma<kElement>(accumulator, left, b[lane * 2], b[lane * 2 + 1]);
  for (int i = 0; i < 4; ++i) d[lane * 4 + i] = accumulator[i];
}

// S = A B (two tiles of 8 columns), whose registers, packed in pairs, are operand A of O = S V without any shuffle.
template <Element kElement>
__global__ void hand_over(const uint32_t* a, const uint32_t* b, const uint32_t* v, float* o) {
  const int lane = static_cast<int>(threadIdx.x);
  uint32_t left[4], weights[4];
  for (int i = 0; i < 4; ++i) left[i] = a[lane * 4 + i];
  for (int tile = 0; tile < 2; ++tile) {
    float accumulator[4] = {0, 0, 0, 0};
    ptx::mma<kElement>(accumulator, left, b[(tile * kWarp + lane) * 2], b[(tile * kWarp + lane) * 2 + 1]);
    weights[fragments::a_register_of(tile, 0)] = pack2<kElement>(accumulator[0], accumulator[1]);
    weights[fragments::a_register_of(tile, 2)] = pack2<kElement>(accumulator[2], accumulator[3]);
  }
  float accumulator[4] = {0, 0, 0, 0};
  ptx::mma<kElement>(accumulator, weights, v[lane * 2], v[lane * 2 + 1]);
  for (int i = 0; i < 4; ++i) o[lane * 4 + i] = accumulator[i];
}

// Arrival of cp.async data, whole and with a tail of zeros.
__global__ void copy_async(const unsigned char* from, unsigned char* to) {
  unsigned char* shared = dynamic_shared<unsigned char>();
  const int lane = static_cast<int>(threadIdx.x);
  ptx::cp_async_16(shared + lane * 16, from + lane * 16);
  ptx::cp_async_commit();
  ptx::cp_async_16(shared + (kWarp + lane) * 16, from + lane * 16, lane % 5 * 4);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  __syncthreads();
  for (int half = 0; half < 2; ++half)
    for (int byte = 0; byte < 16; ++byte)
      to[(half * kWarp + lane) * 16 + byte] = shared[(half * kWarp + (kWarp - 1 - lane)) * 16 + byte];
}

__global__ void powers(const float* x, float* power, float* logarithm) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  power[i] = ptx::exp2(x[i]);
  logarithm[i] = ptx::log2(std::fabs(x[i]));
}

int failures = 0, probes = 0;

void expect(bool condition, const char* what) {
  ++probes;
  if (condition) return;
  std::printf("FAILED %s\n", what);
  ++failures;
}

void ran(cudaError_t launched, const char* what) {
  require(launched, what);
  require(cudaDeviceSynchronize(), what);
}

LaunchShape warp_with(size_t shared_bytes) {
  LaunchShape shape;
  shape.grid = dim3(1);
  shape.block = dim3(kWarp);
  shape.shared_bytes = shared_bytes;
  return shape;
}

template <int kMatrices, bool kTranspose>
void probe_ldmatrix(const char* what) {
  std::vector<uint16_t> values(kTileBytes / 2);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint16_t>(i);
  DeviceArray<uint16_t> tile(values);
  DeviceArray<uint32_t> registers(std::vector<uint32_t>(kWarp * kMatrices, 0xffffffffu));
  ran(launch(load_matrices<kMatrices, kTranspose>, warp_with(kTileBytes), nullptr,
             reinterpret_cast<const uint4*>(tile.device()), registers.device()),
      what);
  registers.to_host();
  bool same = true;
  for (int lane = 0; lane < kWarp; ++lane)
    for (int i = 0; i < kMatrices; ++i)
      for (int element = 0; element < 2; ++element) {
        int row = fragments::matrix_row(lane), column = fragments::matrix_column(lane, element);
        if (kTranspose) std::swap(row, column);
        const uint32_t found = registers.host[lane * kMatrices + i] >> (16 * element) & 0xffffu;
        same = same && found == static_cast<uint32_t>(fragments::address_lane(i, row) * 8 + column);
      }
  expect(same, what);
}

template <Element kElement>
uint32_t pair(double low, double high) {
  return pack2<kElement>(static_cast<float>(low), static_cast<float>(high));
}

using Matrix = std::vector<double>;  // row by row

Matrix small_integers(int count, std::mt19937& random) {
  std::uniform_int_distribution<int> draw(-3, 3);
  Matrix matrix(count);
  for (double& value : matrix) value = draw(random);
  return matrix;
}

// Registers of operand A, 16 x 16.
template <Element kElement>
std::vector<uint32_t> pack_a(const Matrix& a) {
  std::vector<uint32_t> words(kWarp * 4);
  for (int lane = 0; lane < kWarp; ++lane)
    for (int reg = 0; reg < 4; ++reg) {
      const int row = fragments::a_row(lane, reg) * 16;
      words[lane * 4 + reg] =
          pair<kElement>(a[row + fragments::a_column(lane, reg, 0)], a[row + fragments::a_column(lane, reg, 1)]);
    }
  return words;
}

// Registers of operand B: columns first to first + 7 of a matrix of 16 rows.
template <Element kElement>
std::vector<uint32_t> pack_b(const Matrix& b, int columns, int first) {
  std::vector<uint32_t> words(kWarp * 2);
  for (int lane = 0; lane < kWarp; ++lane)
    for (int reg = 0; reg < 2; ++reg) {
      const int column = first + fragments::b_column(lane);
      words[lane * 2 + reg] = pair<kElement>(b[fragments::b_row(lane, reg, 0) * columns + column],
                                             b[fragments::b_row(lane, reg, 1) * columns + column]);
    }
  return words;
}

bool equals(const std::vector<float>& registers, const Matrix& expected) {
  for (int lane = 0; lane < kWarp; ++lane)
    for (int reg = 0; reg < 4; ++reg)
      if (registers[lane * 4 + reg] != expected[fragments::c_row(lane, reg) * 8 + fragments::c_column(lane, reg)])
        return false;
  return true;
}

Matrix product(const Matrix& a, const Matrix& b, int columns, int first, int count) {
  Matrix out(16 * count, 0.0);
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < count; ++column)
      for (int k = 0; k < 16; ++k) out[row * count + column] += a[row * 16 + k] * b[k * columns + first + column];
  return out;
}

template <Element kElement>
void probe_mma(std::mt19937& random, const char* what) {
  const Matrix a = small_integers(256, random), b = small_integers(128, random), c = small_integers(128, random);
  std::vector<float> start(kWarp * 4);
  for (int lane = 0; lane < kWarp; ++lane)
    for (int reg = 0; reg < 4; ++reg)
      start[lane * 4 + reg] =
          static_cast<float>(c[fragments::c_row(lane, reg) * 8 + fragments::c_column(lane, reg)]);
  DeviceArray<uint32_t> left(pack_a<kElement>(a)), right(pack_b<kElement>(b, 8, 0));
  DeviceArray<float> initial(start), result(std::vector<float>(kWarp * 4, NAN));
  ran(launch(multiply<kElement>, warp_with(0), nullptr, left.device(), right.device(), initial.device(), result.device()),
      what);
  result.to_host();
  Matrix expected = product(a, b, 8, 0, 8);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += c[i];
  expect(equals(result.host, expected), what);
}

template <Element kElement>
void probe_hand_over(std::mt19937& random, const char* what) {
  // Entries of A and B in -1 .. 1 keep the sums of 16 products exact in bf16.
  Matrix a = small_integers(256, random), b = small_integers(256, random);
  for (double& value : a) value = value > 0 ? 1 : value < 0 ? -1 : 0;
  for (double& value : b) value = value > 0 ? 1 : value < 0 ? -1 : 0;
  const Matrix v = small_integers(128, random);
  std::vector<uint32_t> both = pack_b<kElement>(b, 16, 0);
  const std::vector<uint32_t> second = pack_b<kElement>(b, 16, 8);
  both.insert(both.end(), second.begin(), second.end());
  DeviceArray<uint32_t> left(pack_a<kElement>(a)), right(both), values(pack_b<kElement>(v, 8, 0));
  DeviceArray<float> result(std::vector<float>(kWarp * 4, NAN));
  ran(launch(hand_over<kElement>, warp_with(0), nullptr, left.device(), right.device(), values.device(), result.device()),
      what);
  result.to_host();
  expect(equals(result.host, product(product(a, b, 16, 0, 16), v, 8, 0, 8)), what);
}

void probe_cp_async(std::mt19937& random) {
  std::vector<uint8_t> bytes(kWarp * 16);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(1 + random() % 255);
  DeviceArray<uint8_t> from(bytes), to(std::vector<uint8_t>(2 * kWarp * 16, 0xff));
  ran(launch(copy_async, warp_with(2 * kWarp * 16), nullptr, from.device(), to.device()), "cp.async");
  to.to_host();
  bool whole = true, tail = true;
  for (int lane = 0; lane < kWarp; ++lane)
    for (int byte = 0; byte < 16; ++byte) {
      const int source = kWarp - 1 - lane;
      whole = whole && to.host[lane * 16 + byte] == bytes[source * 16 + byte];
      const uint8_t expected = byte < source % 5 * 4 ? bytes[source * 16 + byte] : 0;
      tail = tail && to.host[(kWarp + lane) * 16 + byte] == expected;
    }
  expect(whole, "cp.async of 16 bytes");
  expect(tail, "cp.async of fewer bytes fills with zeros");
}

void probe_powers() {
  constexpr int kCount = 4096;
  std::vector<float> x(kCount);
  for (int i = 0; i < kCount; ++i) x[i] = -120.0f + 240.0f * (static_cast<float>(i) + 0.37f) / kCount;
  DeviceArray<float> argument(x), power(x), logarithm(x);
  LaunchShape shape;
  shape.grid = dim3(kCount / 128);
  shape.block = dim3(128);
  ran(launch(powers, shape, nullptr, argument.device(), power.device(), logarithm.device()), "exp2, log2");
  power.to_host();
  logarithm.to_host();
  double worst_power = 0, worst_logarithm = 0;
  for (int i = 0; i < kCount; ++i) {
    const double exact = std::exp2(static_cast<double>(x[i])), log = std::log2(std::fabs(static_cast<double>(x[i])));
    worst_power = std::max(worst_power, std::fabs(power.host[i] / exact - 1));
    worst_logarithm = std::max(worst_logarithm, std::fabs(logarithm.host[i] - log));
  }
  std::printf("exp2: relative error %.3g; log2: absolute error %.3g\n", worst_power, worst_logarithm);
  // The kernels' bounds count on 2^-21 (the ISA promises 2 ulp + 2^-22 relative); log2 of numbers up to 120.
  expect(worst_power < 0x1p-21, "exp2 is as accurate as the kernels count on");
  expect(worst_logarithm < 0x1p-20, "log2 is as accurate as the kernels count on");
}

int run(unsigned seed) {
  std::mt19937 random(seed);
  probe_ldmatrix<1, false>("ldmatrix.x1");
  probe_ldmatrix<2, false>("ldmatrix.x2");
  probe_ldmatrix<4, false>("ldmatrix.x4");
  probe_ldmatrix<1, true>("ldmatrix.x1.trans");
  probe_ldmatrix<2, true>("ldmatrix.x2.trans");
  probe_ldmatrix<4, true>("ldmatrix.x4.trans");
  for (int i = 0; i < 8; ++i) {
    probe_mma<Element::kBF16>(random, "mma.m16n8k16 bf16");
    probe_mma<Element::kF16>(random, "mma.m16n8k16 f16");
    probe_hand_over<Element::kBF16>(random, "accumulators become operand A, bf16");
    probe_hand_over<Element::kF16>(random, "accumulators become operand A, f16");
  }
  probe_cp_async(random);
  probe_powers();
  std::printf("%d probes, %d failures\n", probes, failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  unsigned seed = 1;
  for (int i = 1; i + 1 < count; ++i)
    if (std::strcmp(arguments[i], "--seed") == 0) seed = static_cast<unsigned>(std::atoi(arguments[i + 1]));
  try {
    return run(seed);
  } catch (const std::exception& error) {
    std::printf("FAILED %s\n", error.what());
    return 1;
  }
}
