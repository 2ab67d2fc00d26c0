import { DTYPES, type DType } from "../dtype.js";

/** Bits of one element of every dtype that safetensors knows, by its name there. */
const STORED_BITS = {
  F32: 32,
  F16: 16,
  BF16: 16,
  I8: 8,
  U8: 8,
  I32: 32,
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  U32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
} as const;

/** A dtype as a file may hold it, in lower case. Those outside `DType` are listed but cannot be read. */
export type StoredDType = Lowercase<keyof typeof STORED_BITS>;

/** The dtype and the bits of one element, or nothing if safetensors has no such name. */
export function storedDType(name: unknown): { dtype: StoredDType; bits: number } | undefined {
  if (typeof name !== "string" || !Object.hasOwn(STORED_BITS, name)) return undefined;
  const known = name as keyof typeof STORED_BITS;
  return { dtype: known.toLowerCase() as StoredDType, bits: STORED_BITS[known] };
}

export function isReadable(dtype: StoredDType): dtype is DType {
  return (DTYPES as readonly string[]).includes(dtype);
}
