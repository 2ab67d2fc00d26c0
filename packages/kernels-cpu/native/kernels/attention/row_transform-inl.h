// Normalisation and rotary embedding of rows (one token of one head each).
#if defined(PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#undef PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#else
#define PAROATTN_ATTENTION_ROW_TRANSFORM_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bf16-inl.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "panel_writer-inl.h"
#include "row_transform.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows of one head lie far apart, in any order: the hardware does not foresee them. Into the second-level cache, for at some
// distances (a grid of 64 columns, walked down) all of them would want the same few lines of the first.
HWY_INLINE void fetch(const void* row, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(row) + at, 0, 2);
}

// The tokens of a block in the order of one head, and their rows in its tensors.
struct Rows {
  const uint32_t* tokens;        // as many as the block has
  uint64_t present;              // a bit for each of 64 rows: the block has it, and it is not excluded
  size_t first_row, row_stride;  // in numbers

  HWY_INLINE bool has(size_t r) const { return present >> r & 1; }
  HWY_INLINE size_t at(size_t r) const { return first_row + tokens[r] * row_stride; }
};

// exclusion: [64], 0 for a row that is there; null: the first `count` are.
HWY_INLINE uint64_t present_rows(size_t count, const float* exclusion) {
  static_assert(kBlock == 64, "a bit for each row");
  uint64_t present = ~uint64_t{0} >> (kBlock - count);
  for (size_t r = 0; exclusion != nullptr && r < count; ++r) {
    if (exclusion[r] != 0.0f) present &= ~(uint64_t{1} << r);
  }
  return present;
}

// 16 rows, from the row `first` of the block.
struct RowGroup {
  const Rows* rows;
  size_t first;
  HWY_INLINE bool has(size_t r) const { return rows->has(first + r); }
  HWY_INLINE bool has_all() const { return (rows->present >> first & 0xffff) == 0xffff; }
  HWY_INLINE size_t at(size_t r) const { return rows->at(first + r); }
  // 0 for a row that is not there.
  HWY_INLINE size_t token(size_t r) const { return has(r) ? rows->tokens[first + r] : 0; }
};

// Rows of queries, keys or values.
struct Source {
  const void* tensor;
  NumberType type;

  HWY_INLINE const void* row(size_t at) const { return static_cast<const char*>(tensor) + at * bytes_of(type); }
  HWY_INLINE void fetch_row(const RowGroup& group, size_t r, size_t count) const {
    if (group.has(r)) fetch(row(group.at(r)), count * bytes_of(type));
  }
  // to: any alignment
  HWY_INLINE void copy_row(size_t at, size_t count, float* to) const {
    if (type == NumberType::kBf16) {
      widen_row(static_cast<const Bf16*>(row(at)), count, to);
    } else {
      std::memcpy(to, row(at), count * sizeof(float));
    }
  }
};

// Calls visit(d, c) for the vectors of `count` floats, with narrower ones at the end.
template <class Visit>
HWY_INLINE void for_each_vector(size_t count, const Visit& visit) {
  size_t c = 0;
  for (; c + kLanes <= count; c += kLanes) visit(F32(), c);
#if HWY_MAX_BYTES == 64
  if (c + 8 <= count) {
    visit(hn::Full256<float>(), c);
    c += 8;
  }
#endif
#if HWY_MAX_BYTES >= 32
  if (c + 4 <= count) {
    visit(hn::Full128<float>(), c);
    c += 4;
  }
#endif
  for (; c < count; ++c) visit(hn::CappedTag<float, 1>(), c);
}

// Of the rows of a group: x becomes (x - center) * factor + shift.
struct Moments {
  HWY_ALIGN float center[kGroup];
  HWY_ALIGN float factor[kGroup];
  HWY_ALIGN float shift[kGroup];
};

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void sums_of(VF32 a, VF32 b, VF32 c, VF32 e, float* sums) {
  sums[0] = hn::GetLane(a);
  sums[1] = hn::GetLane(b);
  sums[2] = hn::GetLane(c);
  sums[3] = hn::GetLane(e);
}
#else
// sums: [4], of all lanes of each vector.
HWY_INLINE void sums_of(VF32 a, VF32 b, VF32 c, VF32 e, float* sums) {
  const F32 d;
  const hn::Full128<float> d4;
  const hn::Repartition<double, F32> dd;
  const auto ab = hn::BitCast(dd, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  const auto ce = hn::BitCast(dd, hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e)));
  const VF32 low = hn::BitCast(d, hn::InterleaveLower(dd, ab, ce)), high = hn::BitCast(d, hn::InterleaveUpper(dd, ab, ce));
  HWY_ALIGN float blocks[kLanes];
  hn::Store(hn::Add(low, high), d, blocks);
  auto sum = hn::Load(d4, blocks);
  for (size_t i = 4; i < kLanes; i += 4) sum = hn::Add(sum, hn::Load(d4, blocks + i));
  hn::StoreU(sum, d4, sums);
}
#endif

// Sums of x - center over each row (a root mean square has no use for them), and of their squares. rows: [16], readable,
// and zero, up to a whole vector; centers: [16], or zeros if not kCentered; sums and squares: [16].
template <NormKind kNorm, bool kCentered>
HWY_INLINE void sum_rows(const float* const* rows, size_t head_dim, const float* centers, float* sums, float* squares) {
  const F32 d;
  for (size_t first = 0; first < kGroup; first += 4) {
    VF32 sum[4], square[4];
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; ++r) sum[r] = square[r] = hn::Zero(d);
    for (size_t c = 0; c < head_dim; c += kLanes) {
#pragma GCC unroll 4
      for (size_t r = 0; r < 4; ++r) {
        VF32 x = hn::LoadU(d, rows[first + r] + c);
        if constexpr (kCentered) {
          x = hn::Sub(x, hn::Set(d, centers[first + r]));
          // What lies past head_dim is at no distance from the center.
          if (c + kLanes > head_dim) x = hn::IfThenElseZero(hn::FirstN(d, head_dim - c), x);
        }
        if constexpr (kNorm == NormKind::kLayer) sum[r] = hn::Add(sum[r], x);
        square[r] = hn::MulAdd(x, x, square[r]);
      }
    }
    if constexpr (kNorm == NormKind::kLayer) sums_of(sum[0], sum[1], sum[2], sum[3], sums + first);
    sums_of(square[0], square[1], square[2], square[3], squares + first);
  }
}

template <NormKind kNorm>
HWY_INLINE void measure_rows(const RowTransform& t, const float* const* rows, Moments& moments) {
  const F32 d;
  const VF32 count = hn::Set(d, static_cast<float>(t.head_dim)), epsilon = hn::Set(d, t.epsilon);
  HWY_ALIGN float sums[kGroup], squares[kGroup];
  sum_rows<kNorm, false>(rows, t.head_dim, nullptr, sums, squares);
  if constexpr (kNorm == NormKind::kLayer) {
    for (size_t r = 0; r < kGroup; r += kLanes) hn::Store(hn::Div(hn::Load(d, sums + r), count), d, moments.center + r);
    // The mean of a layer norm is rounded, which shows where it is many deviations from zero; a second pass finds by how
    // much (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
    sum_rows<kNorm, true>(rows, t.head_dim, moments.center, sums, squares);
  }
  for (size_t r = 0; r < kGroup; r += kLanes) {
    VF32 variance = hn::Div(hn::Load(d, squares + r), count), mean = hn::Zero(d);
    if constexpr (kNorm == NormKind::kLayer) {
      mean = hn::Div(hn::Load(d, sums + r), count);
      variance = hn::NegMulAdd(mean, mean, variance);
    }
    const VF32 factor = hn::Div(hn::Set(d, 1.0f), hn::Sqrt(hn::Add(variance, epsilon)));
    hn::Store(factor, d, moments.factor + r);
    if constexpr (kNorm == NormKind::kLayer) hn::Store(hn::Neg(hn::Mul(mean, factor)), d, moments.shift + r);
  }
}

// The values of a row after the norm, which the rotation takes up as they are made.
template <NormKind kNorm>
struct NormalisedRow {
  NormalisedRow(const RowTransform& t, const float* row, const Moments& moments, size_t r)
      : source(row), weight(t.weight.data()), bias(t.bias.data()), factor(t.scale) {
    if constexpr (kNorm != NormKind::kNone) factor = moments.factor[r];
    if constexpr (kNorm == NormKind::kLayer) {
      center = moments.center[r];
      shift = moments.shift[r];
    }
  }

  template <class D>
  HWY_INLINE hn::Vec<D> at(D d, size_t c) const {
    const auto x = hn::LoadU(d, source + c), factors = hn::Set(d, factor);
    if constexpr (kNorm == NormKind::kNone) {
      return hn::Mul(x, factors);
    } else if constexpr (kNorm == NormKind::kRms) {
      return hn::Mul(hn::Mul(x, factors), hn::LoadU(d, weight + c));
    } else {
      const auto normalised = hn::MulAdd(hn::Sub(x, hn::Set(d, center)), factors, hn::Set(d, shift));
      return hn::MulAdd(normalised, hn::LoadU(d, weight + c), hn::LoadU(d, bias + c));
    }
  }
  HWY_INLINE float number(size_t c) const { return hn::GetLane(at(hn::CappedTag<float, 1>(), c)); }

  const float* source;
  const float* weight;
  const float* bias;
  float factor, center = 0.0f, shift = 0.0f;
};

// Pairs (i, i + half).
template <class Row>
HWY_INLINE void rotate_half(const Row& row, const float* cosine, const float* sine, size_t half, float* out) {
  for_each_vector(half, [&](auto d, size_t i) HWY_ATTR {
    const auto a = row.at(d, i), b = row.at(d, half + i);
    const auto cos = hn::LoadU(d, cosine + i), sin = hn::LoadU(d, sine + i);
    hn::StoreU(hn::NegMulAdd(b, sin, hn::Mul(a, cos)), d, out + i);
    hn::StoreU(hn::MulAdd(a, sin, hn::Mul(b, cos)), d, out + half + i);
  });
}

#if HWY_TARGET != HWY_SCALAR
// The next floats, each twice.
template <class D>
HWY_INLINE hn::Vec<D> load_twice(D d, const float* from) {
  const auto once = hn::ZeroExtendVector(d, hn::LoadU(hn::Half<D>(), from));
#if HWY_MAX_BYTES == 16
  return hn::InterleaveLower(d, once, once);
#else
  alignas(64) static constexpr int32_t kTwice[16] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7};
  return hn::TableLookupLanes(once, hn::SetTableIndices(d, kTwice));
#endif
}

template <class D, class Row>
HWY_INLINE void rotate_pairs(D d, const Row& row, const float* cosine, const float* sine, size_t c, float* out) {
  alignas(64) static constexpr float kSigns[16] = {-0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f,
                                                   -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f};
  const auto x = row.at(d, c);
  const auto cos = load_twice(d, cosine + c / 2), sin = load_twice(d, sine + c / 2);
  hn::StoreU(hn::MulAdd(hn::Reverse2(d, x), hn::Xor(sin, hn::Load(d, kSigns)), hn::Mul(x, cos)), d, out + c);
}
#endif

// Pairs (2i, 2i + 1).
template <class Row>
HWY_INLINE void rotate_interleaved(const Row& row, const float* cosine, const float* sine, size_t half, float* out) {
  size_t c = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; c + kLanes <= 2 * half; c += kLanes) rotate_pairs(F32(), row, cosine, sine, c, out);
#endif
#if HWY_MAX_BYTES == 64
  if (c + 8 <= 2 * half) {
    rotate_pairs(hn::Full256<float>(), row, cosine, sine, c, out);
    c += 8;
  }
#endif
  for (; c < 2 * half; c += 2) {
    const float a = row.number(c), b = row.number(c + 1), cos = cosine[c / 2], sin = sine[c / 2];
    out[c] = a * cos - b * sin;
    out[c + 1] = a * sin + b * cos;
  }
}

// Queries or keys, and what is done to their rows.
struct Side {
  const RowTransform& transform;
  Source source;
};

// Calls write(row, r, out) for each row, after norm, of a group, while those of the next group come from afar. Rows that the group
// lacks are written like the others, without branches, and then made zero.
template <NormKind kNorm, class Write>
HWY_INLINE void write_each(const Side& side, const float* const* sources, const RowGroup& group, const RowGroup& next,
                           const Moments& moments, float* rows, const Write& write) {
  const RowTransform& t = side.transform;
  for (size_t r = 0; r < kGroup; ++r) {
    side.source.fetch_row(next, r, t.head_dim);
    write(NormalisedRow<kNorm>(t, sources[r], moments, r), r, rows + r * t.padded_dim);
  }
  if (group.has_all()) return;
  for (size_t r = 0; r < kGroup; ++r) {
    if (!group.has(r)) std::memset(rows + r * t.padded_dim, 0, t.head_dim * sizeof(float));
  }
}

template <NormKind kNorm>
HWY_NOINLINE void write_rows(const Side& side, const float* const* sources, const RowGroup& group, const RowGroup& next,
                             float* rows) {
  const RowTransform& t = side.transform;
  Moments moments = {};
  if constexpr (kNorm != NormKind::kNone) measure_rows<kNorm>(t, sources, moments);
  const auto write = [&](const auto& write_row) HWY_ATTR {
    write_each<kNorm>(side, sources, group, next, moments, rows, write_row);
  };
  const size_t half = t.head_dim / 2;
  if (t.cosine == nullptr) {
    write([&](const auto& row, size_t, float* out) HWY_ATTR {
      for_each_vector(t.head_dim, [&](auto d, size_t c) HWY_ATTR { hn::StoreU(row.at(d, c), d, out + c); });
    });
  } else if (t.pairing == RotaryPairing::kHalf) {
    write([&](const auto& row, size_t r, float* out) HWY_ATTR {
      const size_t at = group.token(r) * half;
      rotate_half(row, t.cosine + at, t.sine + at, half, out);
    });
  } else {
    write([&](const auto& row, size_t r, float* out) HWY_ATTR {
      const size_t at = group.token(r) * half;
      rotate_interleaved(row, t.cosine + at, t.sine + at, half, out);
    });
  }
}

// Writes the rows of a group, and zeros for those that it lacks, while the next group's come from afar. rows:
// [16][padded_dim], aligned, its padding zero, which it stays.
HWY_INLINE void transform_rows(const Side& side, const RowGroup& group, const RowGroup& next, float* rows) {
  const RowTransform& t = side.transform;
  const float* sources[kGroup];
  // In f32; what the norm sums must be readable, and zero, up to a whole vector.
  const bool in_place = side.source.type == NumberType::kF32 && (t.norm == NormKind::kNone || t.head_dim % kLanes == 0);
  for (size_t r = 0; r < kGroup; ++r) {
    sources[r] = t.zeros.data();
    if (!group.has(r)) continue;
    float* out = rows + r * t.padded_dim;
    sources[r] = in_place ? static_cast<const float*>(side.source.row(group.at(r))) : out;
    if (!in_place) side.source.copy_row(group.at(r), t.head_dim, out);
  }
  if (t.norm == NormKind::kNone) return write_rows<NormKind::kNone>(side, sources, group, next, rows);
  if (t.norm == NormKind::kRms) return write_rows<NormKind::kRms>(side, sources, group, next, rows);
  write_rows<NormKind::kLayer>(side, sources, group, next, rows);
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
