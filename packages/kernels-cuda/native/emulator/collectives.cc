#include "emulator/collectives.h"

#include <algorithm>

namespace paroattn {
namespace emulator {
namespace {

void do_nothing(void* const*, uint32_t) {}

void do_shuffle(void* const* operands, uint32_t mask) {
  uint64_t values[kWarp];
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) values[lane] = static_cast<ShuffleOperands*>(operands[lane])->value;
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    auto& operand = *static_cast<ShuffleOperands*>(operands[lane]);
    const auto from = static_cast<unsigned>(operand.from);
    operand.value = from < kWarp && (mask >> from & 1) ? values[from] : ~uint64_t{0};
  }
}

void do_ballot(void* const* operands, uint32_t mask) {
  uint32_t votes = 0;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) && *static_cast<uint32_t*>(operands[lane]) != 0) votes |= 1u << lane;
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) *static_cast<uint32_t*>(operands[lane]) = votes;
  }
}

template <class Function>
void do_reduce(void* const* operands, uint32_t mask, Function function) {
  bool first = true;
  uint32_t result = 0;
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const uint32_t value = static_cast<ReduceOperands*>(operands[lane])->value;
    result = first ? value : function(result, value);
    first = false;
  }
  for (unsigned lane = 0; lane < kWarp; ++lane) {
    if (mask >> lane & 1) static_cast<ReduceOperands*>(operands[lane])->value = result;
  }
}

struct Min {
  uint32_t operator()(uint32_t a, uint32_t b) const { return std::min(a, b); }
};
struct Max {
  uint32_t operator()(uint32_t a, uint32_t b) const { return std::max(a, b); }
};
struct MinSigned {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    return static_cast<uint32_t>(std::min(static_cast<int32_t>(a), static_cast<int32_t>(b)));
  }
};
struct MaxSigned {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    return static_cast<uint32_t>(std::max(static_cast<int32_t>(a), static_cast<int32_t>(b)));
  }
};
struct Add {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a + b; }
};
struct And {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a & b; }
};
struct Or {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a | b; }
};
struct Xor {
  uint32_t operator()(uint32_t a, uint32_t b) const { return a ^ b; }
};

template <class Function>
void reduce_with(void* const* operands, uint32_t mask) {
  do_reduce(operands, mask, Function());
}

}  // namespace

const Collective kSyncWarp{"__syncwarp", do_nothing, false};
const Collective kShuffle{"__shfl_sync", do_shuffle, false};
const Collective kBallot{"__ballot_sync", do_ballot, false};
const Collective kReduceAdd{"__reduce_add_sync", reduce_with<Add>, false};
const Collective kReduceAnd{"__reduce_and_sync", reduce_with<And>, false};
const Collective kReduceOr{"__reduce_or_sync", reduce_with<Or>, false};
const Collective kReduceXor{"__reduce_xor_sync", reduce_with<Xor>, false};
const Collective kReduceMin{"__reduce_min_sync", reduce_with<Min>, false};
const Collective kReduceMax{"__reduce_max_sync", reduce_with<Max>, false};
const Collective kReduceMinSigned{"__reduce_min_sync", reduce_with<MinSigned>, false};
const Collective kReduceMaxSigned{"__reduce_max_sync", reduce_with<MaxSigned>, false};

uint64_t shuffle(uint32_t mask, uint64_t value, int from, Site site) {
  ShuffleOperands operands{value, from};
  current_block->collective(kShuffle, mask, &operands, site);
  return operands.value;
}

uint32_t ballot(uint32_t mask, bool predicate, Site site) {
  uint32_t operand = predicate;
  current_block->collective(kBallot, mask, &operand, site);
  return operand;
}

uint32_t reduce(const Collective& collective, uint32_t mask, uint32_t value, Site site) {
  ReduceOperands operands{value};
  current_block->collective(collective, mask, &operands, site);
  return operands.value;
}

}  // namespace emulator
}  // namespace paroattn
