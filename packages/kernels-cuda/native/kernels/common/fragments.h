// Which lane of a warp holds which entry of the operands of mma.m16n8k16 with 16-bit A and B and 32-bit C and D, and of
// the 8x8 matrices of ldmatrix. PTX ISA, "Matrix Fragments for mma.m16n8k16" and "ldmatrix".
//
// Registers hold two 16-bit elements (0: the low half) or one 32-bit element.
#ifndef PAROATTN_CUDA_COMMON_FRAGMENTS_H_
#define PAROATTN_CUDA_COMMON_FRAGMENTS_H_

namespace paroattn {
namespace cuda {
namespace fragments {

// A: 16 x 16 (rows m, columns k), 4 registers.
constexpr int a_row(int lane, int reg) { return (lane >> 2) + 8 * (reg & 1); }
constexpr int a_column(int lane, int reg, int element) { return 2 * (lane & 3) + element + 8 * (reg >> 1); }

// B: 16 x 8 (rows k, columns n), 2 registers.
constexpr int b_row(int lane, int reg, int element) { return 2 * (lane & 3) + element + 8 * reg; }
constexpr int b_column(int lane) { return lane >> 2; }

// C and D: 16 x 8 (rows m, columns n), 4 registers.
constexpr int c_row(int lane, int reg) { return (lane >> 2) + 8 * (reg >> 1); }
constexpr int c_column(int lane, int reg) { return 2 * (lane & 3) + (reg & 1); }

// One 8x8 matrix of 16-bit elements, 1 register.
constexpr int matrix_row(int lane) { return lane >> 2; }
constexpr int matrix_column(int lane, int element) { return 2 * (lane & 3) + element; }
// The lane whose address is that of the row of matrix `reg`, for ldmatrix.x1, .x2 and .x4.
constexpr int address_lane(int reg, int row) { return 8 * reg + row; }

// D tiles 2j and 2j + 1 (8 columns each) of a product, packed in pairs, are operand A of the next product for its k from
// 16j to 16j + 15: the A register that takes registers c and c + 1 (c even) of tile 2j + t.
constexpr int a_register_of(int tile_parity, int c_register) { return 2 * tile_parity + (c_register >> 1); }

}  // namespace fragments
}  // namespace cuda
}  // namespace paroattn

#endif  // PAROATTN_CUDA_COMMON_FRAGMENTS_H_
