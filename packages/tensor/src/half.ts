// Conversions work on bit patterns throughout: a NaN that passes through a JavaScript number may lose its payload.

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The f32 bit pattern of an f16 bit pattern; exact, NaN payloads included. */
export function f16ToF32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  float[0] = fraction * 2 ** -24;
  return (sign | floatBits[0]!) >>> 0;
}

/** The f16 bit pattern nearest to an f32 bit pattern, halves to even; beyond 65,504 and a half step it is infinity. */
export function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    const payload = (magnitude >>> 13) & 0x3ff;
    return sign | 0x7c00 | (payload === 0 ? 0x200 : payload);
  }
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65,520: the middle between the largest f16 and the next step
  if (magnitude >= 0x38800000) {
    // Normal: move the exponent's bias from 127 to 15; a carry out of the fraction rightly raises the exponent.
    const rebiased = magnitude - (112 << 23);
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  floatBits[0] = magnitude;
  const steps = float[0]! * 2 ** 24; // exact: a power of two, far from f64's limits
  const below = Math.floor(steps);
  const rest = steps - below;
  return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below);
}

/** The bf16 bit pattern nearest to an f32 bit pattern, halves to even. */
export function f32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) {
    const upper = bits >>> 16;
    return (upper & 0x7f) === 0 ? upper | 0x40 : upper;
  }
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

let table: Uint32Array | undefined;

/** f32 bit patterns of all 65,536 f16 bit patterns (256 KiB), made when first asked for. */
export function f16Table(): Uint32Array {
  table ??= Uint32Array.from({ length: 65536 }, (_, half) => f16ToF32Bits(half));
  return table;
}
