#include "emulator/ptx.h"

#include <cstring>

#include "common/fragments.h"

namespace paroattn {
namespace emulator {
namespace {

namespace fragments = cuda::fragments;

struct LoadOperands {
  uint32_t* matrices;
  const void* row;
};

template <int kRegisters, bool kTransposed>
void do_ldmatrix(void* const* operands, uint32_t) {
  uint16_t rows[8][8];
  for (int reg = 0; reg < kRegisters; ++reg) {
    for (int row = 0; row < 8; ++row) {
      const auto* from = static_cast<const LoadOperands*>(operands[fragments::address_lane(reg, row)]);
      std::memcpy(rows[row], from->row, 16);
    }
    for (int lane = 0; lane < 32; ++lane) {
      uint32_t word = 0;
      for (int e = 0; e < 2; ++e) {
        const int row = fragments::matrix_row(lane), column = fragments::matrix_column(lane, e);
        word |= uint32_t{kTransposed ? rows[column][row] : rows[row][column]} << (16 * e);
      }
      static_cast<LoadOperands*>(operands[lane])->matrices[reg] = word;
    }
  }
}

struct ProductOperands {
  float* accumulator;
  const uint32_t* a;
  uint32_t b[2];
};

// The entries of a 16-bit product are exact in float. They are added to the accumulator one by one, k ascending, each sum
// rounded to nearest. The tensor cores add several at once, truncate, and do not say in which order.
template <cuda::Element kElement>
void do_mma(void* const* operands, uint32_t) {
  alignas(16) float a[16][16], b[16][8], c[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const auto& of = *static_cast<const ProductOperands*>(operands[lane]);
    for (int reg = 0; reg < 4; ++reg) {
      float* to = &a[fragments::a_row(lane, reg)][fragments::a_column(lane, reg, 0)];
      cuda::unpack2<kElement>(of.a[reg], to[0], to[1]);
      c[fragments::c_row(lane, reg)][fragments::c_column(lane, reg)] = of.accumulator[reg];
    }
    for (int reg = 0; reg < 2; ++reg) {
      float low, high;
      cuda::unpack2<kElement>(of.b[reg], low, high);
      b[fragments::b_row(lane, reg, 0)][fragments::b_column(lane)] = low;
      b[fragments::b_row(lane, reg, 1)][fragments::b_column(lane)] = high;
    }
  }
  for (int row = 0; row < 16; ++row) {
    float sum[8];
    std::memcpy(sum, c[row], sizeof sum);
    for (int k = 0; k < 16; ++k) {
      const float factor = a[row][k];
      for (int column = 0; column < 8; ++column) sum[column] += factor * b[k][column];
    }
    std::memcpy(c[row], sum, sizeof sum);
  }
  for (int lane = 0; lane < 32; ++lane) {
    const auto& of = *static_cast<const ProductOperands*>(operands[lane]);
    for (int reg = 0; reg < 4; ++reg) {
      of.accumulator[reg] = c[fragments::c_row(lane, reg)][fragments::c_column(lane, reg)];
    }
  }
}

constexpr uint32_t kAllLanes = 0xffffffffu;

const Collective kLoads[2][3] = {
    {{"ldmatrix.x1", do_ldmatrix<1, false>, true},
     {"ldmatrix.x2", do_ldmatrix<2, false>, true},
     {"ldmatrix.x4", do_ldmatrix<4, false>, true}},
    {{"ldmatrix.x1.trans", do_ldmatrix<1, true>, true},
     {"ldmatrix.x2.trans", do_ldmatrix<2, true>, true},
     {"ldmatrix.x4.trans", do_ldmatrix<4, true>, true}},
};
const Collective kProductBF16{"mma.m16n8k16 (bf16)", do_mma<cuda::Element::kBF16>, true};
const Collective kProductF16{"mma.m16n8k16 (f16)", do_mma<cuda::Element::kF16>, true};

}  // namespace

void ldmatrix(uint32_t* matrices, const void* row, int registers, bool transposed, Site site) {
  Block& block = *current_block;
  const Collective& load = kLoads[transposed][registers == 4 ? 2 : registers - 1];
  if (static_cast<int>(current_thread->number % kWarp) < 8 * registers) {
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
      block.fail(std::string(load.name) + " of a row that is not aligned to 16 bytes", site);
    }
    if (!block.is_shared(row, 16)) block.fail(std::string(load.name) + " of a row outside of shared memory", site);
  }
  LoadOperands operands{matrices, row};
  block.collective(load, kAllLanes, &operands, site);
}

void mma(float* accumulator, const uint32_t* a, uint32_t b0, uint32_t b1, cuda::Element element, Site site) {
  ProductOperands operands{accumulator, a, {b0, b1}};
  current_block->collective(element == cuda::Element::kBF16 ? kProductBF16 : kProductF16, kAllLanes, &operands, site);
}

}  // namespace emulator
}  // namespace paroattn
