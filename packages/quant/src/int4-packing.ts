import { rowCount } from "./block-starts.js";
import type { Codes } from "./codes.js";
import { refuse } from "./errors.js";

export interface PackInt4Options {
  /** [rows, rowLength]: -8..7 in an Int8Array, 0..15 in a Uint8Array. What `quantizeBlocks` and `quantizeProbabilities` return fits. */
  readonly codes: Codes;
  readonly rowLength: number;
}

/**
 * Two codes a byte, [rows, ceil(rowLength / 2)]: element 2i of a row is the low half of its byte i, element 2i + 1 the
 * high half, signed codes in two's complement. Every row starts a byte; a half without a code is zero.
 * Throws a `QuantError` where lengths do not fit or a code needs more than 4 bits.
 */
export function packInt4(options: PackInt4Options): Uint8Array {
  const { codes, rowLength } = options;
  const rows = rowCount(codes.length, rowLength);
  const [least, most] = codes instanceof Int8Array ? [-8, 7] : [0, 15];
  const rowBytes = Math.ceil(rowLength / 2);
  const packed = new Uint8Array(rows * rowBytes);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code < least || code > most) refuse(`codes from ${least} to ${most}`, code);
    const column = i % rowLength;
    const byte = ((i - column) / rowLength) * rowBytes + (column >> 1);
    packed[byte]! |= (code & 15) << (4 * (column & 1));
  }
  return packed;
}

export interface UnpackInt4Options {
  /** [rows, ceil(rowLength / 2)], from `packInt4`. */
  readonly packed: Uint8Array;
  readonly rowLength: number;
}

/** The signed codes of `packInt4`, [rows, rowLength]. Throws a `QuantError` where lengths do not fit. */
export function unpackInt4(options: UnpackInt4Options): Int8Array {
  // From four bits to eight with the sign: up to the top of 32 bits and back.
  return Int8Array.from(unpackUint4(options), (half) => (half << 28) >> 28);
}

/** The unsigned codes of `packInt4`, [rows, rowLength]. Throws a `QuantError` where lengths do not fit. */
export function unpackUint4(options: UnpackInt4Options): Uint8Array {
  const { packed, rowLength } = options;
  const rowBytes = Math.ceil(rowLength / 2);
  const rows = rowCount(packed.length, rowBytes);
  const codes = new Uint8Array(rowCount(rows * rowLength, rowLength) * rowLength);
  for (let i = 0; i < codes.length; i++) {
    const column = i % rowLength;
    const byte = ((i - column) / rowLength) * rowBytes + (column >> 1);
    codes[i] = (packed[byte]! >> (4 * (column & 1))) & 15;
  }
  return codes;
}
