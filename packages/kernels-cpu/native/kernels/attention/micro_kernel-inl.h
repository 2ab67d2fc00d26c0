// The outer-product kernel behind both matrix products: C[rows, columns] (+)= A[rows, depth] * B[depth, columns].
#if defined(PAROATTN_ATTENTION_MICRO_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_MICRO_KERNEL_INL_H_
#undef PAROATTN_ATTENTION_MICRO_KERNEL_INL_H_
#else
#define PAROATTN_ATTENTION_MICRO_KERNEL_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = HWY_FULL(float);
using VF32 = hn::Vec<F32>;
constexpr size_t kLanes = HWY_LANES(float);

// A tile of registers is 6 rows x 4 vectors where there are 32 registers, else 6 x 2; the broadcast elements of A come
// straight from memory. Rows are taken 6 at a time and at the end 4 at a time, which adds up to any even number from 4.
constexpr size_t kRows = 6;
constexpr size_t kVectors = kLanes == 16 ? 4 : 2;

// How many of the `left` rows (even, at least 4) to take now: 6 or 4.
HWY_INLINE size_t rows_to_take(size_t left) { return left == 4 || left == 8 ? 4 : kRows; }
// Rows to compute for a block of `rows`: padded panels make the excess harmless.
HWY_INLINE size_t padded_rows(size_t rows) { return rows <= 4 ? 4 : (rows + 1) / 2 * 2; }

struct Matrices {
  const float* a;
  size_t a_stride;
  const float* b;  // aligned
  size_t b_stride;
  float* c;        // aligned
  size_t c_stride;
  size_t depth;
};

// What is brought into the second-level cache while something else is multiplied, a line a step. All at once, it would hold up the
// loads of the product; without it the hardware begins anew at every page, while the first rows wait.
struct Fetch {
  const char* next;
  const char* end;
};

// words: of 4 bytes
HWY_INLINE Fetch fetch_of(const void* memory, size_t words) {
  const char* bytes = static_cast<const char*>(memory);
  return {bytes, bytes + 4 * words};
}

template <size_t kR, size_t kV, bool kAccumulate, bool kFetch>
HWY_INLINE void multiply_tile(const Matrices& m, size_t column, Fetch& fetch) {
  const F32 d;
  VF32 sum[kR][kV];
#pragma GCC unroll 8
  for (size_t r = 0; r < kR; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) {
      sum[r][v] = kAccumulate ? hn::Load(d, m.c + r * m.c_stride + column + v * kLanes) : hn::Zero(d);
    }
  }
  const float* a = m.a;
  const float* b = m.b + column;
  const char* line = fetch.next;
  for (size_t k = 0; k < m.depth; ++k, ++a, b += m.b_stride) {
    if constexpr (kFetch) {
      __builtin_prefetch(line, 0, 2);
      line += 64;
    }
    VF32 row[kV];
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) row[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 8
    for (size_t r = 0; r < kR; ++r) {
      const VF32 element = hn::Set(d, a[r * m.a_stride]);
#pragma GCC unroll 8
      for (size_t v = 0; v < kV; ++v) sum[r][v] = hn::MulAdd(element, row[v], sum[r][v]);
    }
  }
  fetch.next = line;
#pragma GCC unroll 8
  for (size_t r = 0; r < kR; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) hn::Store(sum[r][v], d, m.c + r * m.c_stride + column + v * kLanes);
  }
}

// `columns` is a multiple of 16.
template <size_t kR, bool kAccumulate, bool kFetch>
HWY_NOINLINE void multiply_rows(const Matrices& m, size_t columns, Fetch& fetch) {
  size_t column = 0;
  for (; column + kVectors * kLanes <= columns; column += kVectors * kLanes) {
    multiply_tile<kR, kVectors, kAccumulate, kFetch>(m, column, fetch);
  }
  if (kVectors == 4 && column + 2 * kLanes <= columns) {
    multiply_tile<kR, 2, kAccumulate, kFetch>(m, column, fetch);
    column += 2 * kLanes;
  }
  for (; column < columns; column += kLanes) multiply_tile<kR, 1, kAccumulate, kFetch>(m, column, fetch);
}

// `fetch` is done by the strips of 6 rows that come first, and may go on for a strip's steps behind its end.
template <bool kAccumulate>
HWY_INLINE void multiply(size_t rows, const Matrices& m, size_t columns, Fetch& fetch) {
  if (rows != kRows) {
    multiply_rows<4, kAccumulate, false>(m, columns, fetch);
  } else if (fetch.next < fetch.end) {
    multiply_rows<kRows, kAccumulate, true>(m, columns, fetch);
  } else {
    multiply_rows<kRows, kAccumulate, false>(m, columns, fetch);
  }
}

template <bool kAccumulate>
HWY_INLINE void multiply(size_t rows, const Matrices& m, size_t columns) {
  Fetch nothing = {nullptr, nullptr};
  multiply<kAccumulate>(rows, m, columns, nothing);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
