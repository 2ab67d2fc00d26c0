// Arithmetic that CUDA has in the global namespace. Approximate functions are computed to the last bit here: a test must
// not depend on which.
#ifndef PAROATTN_EMULATOR_MATH_H_
#define PAROATTN_EMULATOR_MATH_H_

#include <math.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

inline float rsqrtf(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return static_cast<float>(std::pow(10.0, static_cast<double>(x))); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline int __float2int_rn(float x) { return static_cast<int>(rintf(x)); }
inline int __float2int_rd(float x) { return static_cast<int>(floorf(x)); }
inline int __float2int_rz(float x) { return static_cast<int>(x); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

namespace paroattn {
namespace emulator {
template <class To, class From>
To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "only types of one size");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}
}  // namespace emulator
}  // namespace paroattn

inline unsigned __float_as_uint(float x) { return paroattn::emulator::same_bits<unsigned>(x); }
inline int __float_as_int(float x) { return paroattn::emulator::same_bits<int>(x); }
inline float __uint_as_float(unsigned x) { return paroattn::emulator::same_bits<float>(x); }
inline float __int_as_float(int x) { return paroattn::emulator::same_bits<float>(x); }

inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; ++i) y |= (x >> i & 1u) << (31 - i);
  return y;
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((uint64_t{high} << 32 | low) >> (shift & 31));
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((uint64_t{high} << 32 | low) << (shift & 31) >> 32);
}
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = uint64_t{y} << 32 | x;
  unsigned out = 0;
  for (int i = 0; i < 4; ++i) out |= static_cast<unsigned>(bytes >> (8 * (selector >> (4 * i) & 7)) & 0xff) << (8 * i);
  return out;
}
inline int __mul24(int x, int y) { return x * y; }
inline unsigned __umulhi(unsigned x, unsigned y) { return static_cast<unsigned>(uint64_t{x} * y >> 32); }

template <class T>
T __ldg(const T* address) { return *address; }
template <class T>
T __ldcs(const T* address) { return *address; }
template <class T>
T __ldcg(const T* address) { return *address; }
template <class T>
T __ldlu(const T* address) { return *address; }
template <class T>
void __stcs(T* address, std::common_type_t<T> value) { *address = value; }
template <class T>
void __stcg(T* address, std::common_type_t<T> value) { *address = value; }

#define PAROATTN_EMULATOR_MIN_MAX(type)                        \
  constexpr type min(type a, type b) { return b < a ? b : a; } \
  constexpr type max(type a, type b) { return a < b ? b : a; }
PAROATTN_EMULATOR_MIN_MAX(int)
PAROATTN_EMULATOR_MIN_MAX(unsigned)
PAROATTN_EMULATOR_MIN_MAX(long)
PAROATTN_EMULATOR_MIN_MAX(unsigned long)
PAROATTN_EMULATOR_MIN_MAX(long long)
PAROATTN_EMULATOR_MIN_MAX(unsigned long long)
#undef PAROATTN_EMULATOR_MIN_MAX
// A NaN gives way, as on the GPU.
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

#endif  // PAROATTN_EMULATOR_MATH_H_
