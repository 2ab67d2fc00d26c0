import type { Words } from "./words.js";

/** Rows that change places, as words. */
export interface RowMove {
  readonly source: Words;
  /** Of the same kind as the source. */
  readonly target: Words;
  /** Words of a row. */
  readonly rowWords: number;
  /** Each below their number. */
  readonly indices: Uint32Array;
  /** `gather`: row i of the target is row `indices[i]` of the source. `scatter`: row `indices[i]` of the target is row i of the source. */
  readonly direction: "gather" | "scatter";
}
