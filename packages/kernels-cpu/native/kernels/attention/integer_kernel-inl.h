// The outer-product kernel on words of codes: C[rows, columns] = A[rows, words] * B[words, columns], sums in 32 bits,
// scaled as they leave the registers.
#if defined(PAROATTN_ATTENTION_INTEGER_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_INTEGER_KERNEL_INL_H_
#undef PAROATTN_ATTENTION_INTEGER_KERNEL_INL_H_
#else
#define PAROATTN_ATTENTION_INTEGER_KERNEL_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "integer_dot-inl.h"
#include "micro_kernel-inl.h"
#include "operands.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Registers as in the kernel of floats: 6 rows x 4 vectors, or 6 x 2.
constexpr size_t kStripRows = 6;
constexpr size_t kStripVectors = kLanes == 16 ? 4 : 2;

// Calls run(rows, first) for strips of 6 rows and then 4, `rows` a compile-time constant, that cover the rows of a block of
// 64; up to 3 rows more than asked for.
template <class Run>
HWY_INLINE void for_each_strip(size_t rows, const Run& run) {
  size_t first = 0;
  while (first < rows) {
    const size_t left = rows - first;
    if (left <= 4 || left == 7 || left == 8) {
      run(std::integral_constant<size_t, 4>(), first);
      first += 4;
    } else {
      run(std::integral_constant<size_t, kStripRows>(), first);
      first += kStripRows;
    }
  }
}

struct WordMatrices {
  const uint32_t* a;
  size_t a_stride;
  const uint32_t* b;  // aligned
  size_t b_stride;
  size_t words;
};

// kSignedColumns: the codes of B are the signed ones, and those of A not negative; else the other way round.
template <class Dot, bool kSignedColumns, size_t kR, size_t kV>
HWY_INLINE void sum_words(const WordMatrices& m, size_t column, VI32 (&sum)[kR][kV]) {
  const I32 d;
#pragma GCC unroll 8
  for (size_t r = 0; r < kR; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) sum[r][v] = hn::Zero(d);
  }
  const int32_t* a = reinterpret_cast<const int32_t*>(m.a);
  const int32_t* b = reinterpret_cast<const int32_t*>(m.b) + column;
  for (size_t k = 0; k < m.words; ++k, ++a, b += m.b_stride) {
    VI32 row[kV];
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) row[v] = hn::Load(d, b + v * kLanes);
#pragma GCC unroll 8
    for (size_t r = 0; r < kR; ++r) {
      const VI32 element = hn::Set(d, a[r * m.a_stride]);
#pragma GCC unroll 8
      for (size_t v = 0; v < kV; ++v) {
        sum[r][v] = kSignedColumns ? Dot::add(sum[r][v], element, row[v]) : Dot::add(sum[r][v], row[v], element);
      }
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kR; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) sum[r][v] = Dot::total(sum[r][v]);
  }
}

// logits[r][64] = (A[r] * B + offsets[r]) * factor
template <class Dot, size_t kR>
HWY_NOINLINE void multiply_logits(const WordMatrices& m, const int32_t* offsets, float factor, float* logits) {
  const F32 d;
  for (size_t column = 0; column < kBlock; column += kStripVectors * kLanes) {
    VI32 sum[kR][kStripVectors];
    sum_words<Dot, false>(m, column, sum);
#pragma GCC unroll 8
    for (size_t r = 0; r < kR; ++r) {
#pragma GCC unroll 8
      for (size_t v = 0; v < kStripVectors; ++v) {
        const VI32 exact = hn::Add(sum[r][v], hn::Set(I32(), offsets[r]));
        hn::Store(hn::Mul(hn::ConvertTo(d, exact), hn::Set(d, factor)), d, logits + r * kBlock + column + v * kLanes);
      }
    }
  }
}

// What products of codes become: row = kept * row + added * factors * products, for the rows of a strip.
struct Accumulation {
  float* rows;           // [kR][stride]
  size_t stride;
  const float* kept;     // [kR]
  const float* added;    // [kR]
  const float* factors;  // [stride]
};

template <class Dot, size_t kR, size_t kV>
HWY_INLINE void accumulate_columns(const WordMatrices& m, size_t column, const Accumulation& to) {
  const F32 d;
  VI32 sum[kR][kV];
  sum_words<Dot, true>(m, column, sum);
#pragma GCC unroll 8
  for (size_t r = 0; r < kR; ++r) {
    const VF32 kept = hn::Set(d, to.kept[r]), added = hn::Set(d, to.added[r]);
#pragma GCC unroll 8
    for (size_t v = 0; v < kV; ++v) {
      const size_t at = column + v * kLanes;
      float* out = to.rows + r * to.stride + at;
      const VF32 factor = hn::Mul(added, hn::Load(d, to.factors + at));
      hn::Store(hn::MulAdd(hn::ConvertTo(d, sum[r][v]), factor, hn::Mul(kept, hn::Load(d, out))), d, out);
    }
  }
}

// `to.stride` columns, a multiple of 16.
template <class Dot, size_t kR>
HWY_NOINLINE void multiply_values(const WordMatrices& m, const Accumulation& to) {
  size_t column = 0;
  for (; column + kStripVectors * kLanes <= to.stride; column += kStripVectors * kLanes) {
    accumulate_columns<Dot, kR, kStripVectors>(m, column, to);
  }
  for (; column < to.stride; column += kLanes) accumulate_columns<Dot, kR, 1>(m, column, to);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
