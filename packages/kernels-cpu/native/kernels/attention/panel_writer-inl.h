// Writes rows to panels: as they are, or transposed so that the rows of the panel are channels.
#if defined(PAROATTN_ATTENTION_PANEL_WRITER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PAROATTN_ATTENTION_PANEL_WRITER_INL_H_
#undef PAROATTN_ATTENTION_PANEL_WRITER_INL_H_
#else
#define PAROATTN_ATTENTION_PANEL_WRITER_INL_H_
#endif

#include <cstddef>

#include "attention.h"
#include "bf16-inl.h"
#include "hwy/highway.h"
#include "micro_kernel-inl.h"
#include "row_transform.h"

HWY_BEFORE_NAMESPACE();
namespace paroattn {
namespace attention {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Past the caches where panels will not fit them: that spares the reading of lines that are written whole.
template <bool kStream>
HWY_INLINE void put(VF32 v, float* to) {
  const F32 d;
  if constexpr (kStream) {
    hn::Stream(v, d, to);
  } else {
    hn::Store(v, d, to);
  }
}

// from: any alignment; to: aligned; count: a multiple of 16.
template <bool kStream>
HWY_INLINE void put_all(const float* from, size_t count, float* to) {
  const F32 d;
  for (size_t c = 0; c < count; c += kLanes) put<kStream>(hn::LoadU(d, from + c), to + c);
}

// Words of a number of `low` and one of `high`, in bf16. low, high: any alignment; to: aligned; count: a multiple of 16.
template <bool kStream>
HWY_INLINE void put_pairs(const float* low, const float* high, size_t count, uint32_t* to) {
  const F32 d;
  for (size_t c = 0; c < count; c += kLanes) {
    const VU32 words = pair_of(hn::LoadU(d, low + c), hn::LoadU(d, high + c));
    put<kStream>(hn::BitCast(d, words), reinterpret_cast<float*>(to + c));
  }
}

#if HWY_TARGET == HWY_SCALAR
template <class Put>
HWY_INLINE size_t transpose_groups_of_four(const float*, size_t, size_t, const Put&) { return 0; }
#else
// Four floats of each of the rows 0, 4, 8, ..., one row per 128-bit block.
HWY_INLINE VF32 load_every_fourth_row(const float* rows, size_t stride) {
  const hn::Full128<float> d4;
#if HWY_MAX_BYTES == 64
  const hn::Full256<float> d8;
  const hn::Full512<float> d16;
  const auto low = hn::Combine(d8, hn::Load(d4, rows + 4 * stride), hn::Load(d4, rows));
  const auto high = hn::Combine(d8, hn::Load(d4, rows + 12 * stride), hn::Load(d4, rows + 8 * stride));
  return hn::Combine(d16, high, low);
#elif HWY_MAX_BYTES == 32
  const hn::Full256<float> d8;
  return hn::Combine(d8, hn::Load(d4, rows + 4 * stride), hn::Load(d4, rows));
#else
  (void)stride;
  return hn::Load(d4, rows);
#endif
}

// A block of 4 channels of kLanes keys is four vectors, transposed within their 128-bit blocks.
// Calls put_four(r, c, ...) with channels c .. c + 3 of the keys from r on. Returns the number of columns done.
template <class Put>
HWY_INLINE size_t transpose_groups_of_four(const float* rows, size_t stride, size_t columns, const Put& put_four) {
  const F32 d;
  const hn::Repartition<double, F32> dd;
  const auto wide = [dd](VF32 v) HWY_ATTR { return hn::BitCast(dd, v); };
  size_t c = 0;
  for (; c + 4 <= columns; c += 4) {
    for (size_t r = 0; r < kGroup; r += kLanes) {
      const float* block = rows + r * stride + c;
      const VF32 r0 = load_every_fourth_row(block, stride);
      const VF32 r1 = load_every_fourth_row(block + stride, stride);
      const VF32 r2 = load_every_fourth_row(block + 2 * stride, stride);
      const VF32 r3 = load_every_fourth_row(block + 3 * stride, stride);
      const auto low01 = wide(hn::InterleaveLower(d, r0, r1)), high01 = wide(hn::InterleaveUpper(d, r0, r1));
      const auto low23 = wide(hn::InterleaveLower(d, r2, r3)), high23 = wide(hn::InterleaveUpper(d, r2, r3));
      put_four(r, c, hn::BitCast(d, hn::InterleaveLower(dd, low01, low23)),
               hn::BitCast(d, hn::InterleaveUpper(dd, low01, low23)),
               hn::BitCast(d, hn::InterleaveLower(dd, high01, high23)),
               hn::BitCast(d, hn::InterleaveUpper(dd, high01, high23)));
    }
  }
  return c;
}
#endif

// rows: [16][stride], aligned, stride a multiple of 16 and not below columns; panel: [columns][64], aligned, from the
// column of the first row.
template <bool kStream>
HWY_INLINE void put_transposed(const float* rows, size_t stride, size_t columns, float* panel) {
  const auto put_four = [&](size_t r, size_t channel, VF32 v0, VF32 v1, VF32 v2, VF32 v3) HWY_ATTR {
    float* to = panel + channel * kBlock + r;
    put<kStream>(v0, to);
    put<kStream>(v1, to + kBlock);
    put<kStream>(v2, to + 2 * kBlock);
    put<kStream>(v3, to + 3 * kBlock);
  };
  for (size_t c = transpose_groups_of_four(rows, stride, columns, put_four); c < columns; ++c) {
    for (size_t r = 0; r < kGroup; ++r) panel[c * kBlock + r] = rows[r * stride + c];
  }
}

// The same in bf16, channels 2i and 2i + 1 in a word. panel: [(columns + 1) / 2][64].
template <bool kStream>
HWY_INLINE void put_transposed_pairs(const float* rows, size_t stride, size_t columns, uint32_t* panel) {
  const F32 d;
  const auto put_four = [&](size_t r, size_t channel, VF32 v0, VF32 v1, VF32 v2, VF32 v3) HWY_ATTR {
    float* to = reinterpret_cast<float*>(panel + channel / 2 * kBlock + r);
    put<kStream>(hn::BitCast(d, pair_of(v0, v1)), to);
    put<kStream>(hn::BitCast(d, pair_of(v2, v3)), to + kBlock);
  };
  for (size_t c = transpose_groups_of_four(rows, stride, columns, put_four); c < columns; c += 2) {
    for (size_t r = 0; r < kGroup; ++r) {
      const float* from = rows + r * stride + c;
      const uint32_t low = narrowed<Bf16>(from[0]), high = c + 1 < columns ? narrowed<Bf16>(from[1]) : 0;
      panel[c / 2 * kBlock + r] = low | high << 16;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace attention
}  // namespace paroattn
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
