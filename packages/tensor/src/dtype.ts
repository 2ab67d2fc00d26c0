/** The element types of a tensor, named as in safetensors files but in lower case. */
export const DTYPES = ["f32", "f16", "bf16", "i8", "u8", "i32"] as const;

/** `f16` and `bf16` are kept as their 16-bit patterns. */
export type DType = (typeof DTYPES)[number];

/** The typed array that holds the elements of each dtype. */
export interface DTypeArrays {
  f32: Float32Array;
  f16: Uint16Array;
  bf16: Uint16Array;
  i8: Int8Array;
  u8: Uint8Array;
  i32: Int32Array;
}

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  i8: 1,
  u8: 1,
  i32: 4,
};

/** The constructor of each dtype's typed array. */
export const DTYPE_ARRAYS: {
  readonly [D in DType]: {
    readonly name: string;
    new (length: number): DTypeArrays[D];
    new (buffer: ArrayBuffer, byteOffset?: number, length?: number): DTypeArrays[D];
  };
} = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  i32: Int32Array,
};
