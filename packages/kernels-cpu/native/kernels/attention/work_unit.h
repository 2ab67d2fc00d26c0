// What the attention kernels work on at a time: a query block of a head.
#ifndef PAROATTN_ATTENTION_WORK_UNIT_H_
#define PAROATTN_ATTENTION_WORK_UNIT_H_

#include <atomic>
#include <cstddef>

#include "attention.h"
#include "operands.h"

namespace paroattn {
namespace attention {

// A query block of a head of a batch row, and where to compute it.
struct Unit {
  const Operands& operands;
  const AttentionOptions& options;
  void* output;
  const std::atomic<bool>* cancelled;
  size_t b, h, qb;
  float* scratch;  // as many floats as the kernel asks for, 64-byte aligned
};

using UnitKernel = void (*)(const Unit& unit);

// Logits of the tile in hand; accumulator, partial sums and reference of each row of the block.
struct Scratch {
  explicit Scratch(const Unit& unit)
      : logits(unit.scratch),
        accumulator(logits + kBlock * kBlock),
        sums(accumulator + kBlock * unit.operands.padded_dim),
        references(sums + kBlock * kPad),
        panel(references + kBlock) {}
  static size_t floats(const Operands& operands) {
    return kBlock * (kBlock + operands.padded_dim + kPad + 1 + (operands.narrow() ? operands.padded_dim : 0));
  }
  float* logits;       // [64][64]
  float* accumulator;  // [64][padded_dim]
  float* sums;         // [64][16]
  float* references;   // [64]
  float* panel;        // [64][padded_dim], where keys or values of bf16 are widened; not there without such
};

}  // namespace attention
}  // namespace paroattn

#endif  // PAROATTN_ATTENTION_WORK_UNIT_H_
