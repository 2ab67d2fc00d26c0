import { refuse } from "./errors.js";
import { moveRows } from "./move-rows.js";
import type { TypedArray } from "./typed-array.js";
import { wordViews } from "./words.js";

export interface ApplyOrderOptions<A extends TypedArray> {
  /** [tokens, rowLength], row-major. */
  readonly data: A;
  /** From `gatherIndices`, [tokens]. */
  readonly indices: Uint32Array;
  /** Elements of one token's row, such as its channels. Default: 1. */
  readonly rowLength?: number;
  /** Where the result goes, [tokens, rowLength]; must not share memory with `data`. Default: a new array. */
  readonly out?: A;
}

/**
 * Reorders the rows of any typed array: row i of the result is row `indices[i]` of `data`.
 * Throws a `ReorderError` where lengths do not fit, an index is out of range, or `out` overlaps `data`.
 */
export function applyOrder<A extends TypedArray>(options: ApplyOrderOptions<A>): A {
  return move(options, "gather");
}

/**
 * Undoes `applyOrder` with the same indices: row `indices[i]` of the result is row i of `data`.
 * Throws a `ReorderError` as `applyOrder` does. Indices must be a permutation: a row that none names keeps what `out` held.
 */
export function restoreOrder<A extends TypedArray>(options: ApplyOrderOptions<A>): A {
  return move(options, "scatter");
}

function move<A extends TypedArray>(
  options: ApplyOrderOptions<A>,
  direction: "gather" | "scatter",
): A {
  const { data, indices, rowLength = 1, out = alike(data) } = options;
  if (!Number.isInteger(rowLength) || rowLength < 1) {
    refuse("a positive integer for rowLength", rowLength);
  }
  const rows = indices.length;
  const expected = `${rows} rows of ${rowLength} = ${rows * rowLength} elements`;
  if (data.length !== rows * rowLength) refuse(`${expected} in data`, data.length);
  if (out.length !== data.length) refuse(`${expected} in out`, out.length);
  if (kindOf(out) !== kindOf(data)) {
    refuse(`out of the type of data, ${kindOf(data)}`, kindOf(out));
  }
  if (overlap(data, out)) refuse("an out that shares no memory with data", "one that does");
  for (let row = 0; row < rows; row++) {
    const token = indices[row] as number;
    if (token >= rows) refuse(`an index below ${rows} at position ${row}`, token);
  }
  const views = wordViews({ data, out, rowBytes: rowLength * data.BYTES_PER_ELEMENT });
  moveRows({ ...views, indices, direction });
  return out;
}

function kindOf(array: TypedArray): string {
  return array[Symbol.toStringTag];
}

/** A new array of the same kind and length; a Node Buffer gives a Uint8Array, because its constructor is deprecated. */
function alike<A extends TypedArray>(data: A): A {
  const kinds = globalThis as unknown as Record<string, new (length: number) => A>;
  const Kind = kinds[kindOf(data)];
  return Kind ? new Kind(data.length) : refuse("a typed array for data", data);
}

function overlap(a: TypedArray, b: TypedArray): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  );
}
