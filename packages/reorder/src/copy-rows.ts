import type { Words } from "./words.js";

/** Equal rows at equal distances: row i goes from word `from + i * fromStep` to word `to + i * toStep`. */
export interface RowCopy {
  readonly from: number;
  readonly fromStep: number;
  readonly to: number;
  readonly toStep: number;
  readonly rows: number;
  /** Words of a row. */
  readonly words: number;
}

/** Whether `set` copies a row sooner than a loop does: it moves memory at full speed once it runs, but takes 40 ns to start. */
export function isLongRow({ BYTES_PER_ELEMENT }: Words, words: number): boolean {
  return words > (BYTES_PER_ELEMENT === 8 ? 384 : 64);
}

/** Copies one row of any length from one array of words to another of the same kind. */
export function copyRow(
  source: Words,
  target: Words,
  from: number,
  to: number,
  words: number,
): void {
  if (isLongRow(source, words)) setRow(source, target, from, to, words);
  else copyRows(source, target, { from, fromStep: 0, to, toStep: 0, rows: 1, words });
}

/** Copies one long row. */
export function setRow(
  source: Words,
  target: Words,
  from: number,
  to: number,
  words: number,
): void {
  // Both are of one kind, which the types do not say.
  (target as Uint8Array).set((source as Uint8Array).subarray(from, from + words), to);
}

/** Copies short rows. */
export function copyRows(source: Words, target: Words, copy: RowCopy): void {
  if (source instanceof BigUint64Array) copyWideWords(source, target as BigUint64Array, copy);
  else if (source instanceof Uint32Array) copyWords(source, target as Uint32Array, copy);
  else copyNarrowWords(source, target as Uint8Array, copy);
}

// Three functions of one text, because V8 compiles a function for the arrays it has seen: one that sees several kinds is slower.

function copyWideWords(source: BigUint64Array, target: BigUint64Array, copy: RowCopy): void {
  const { fromStep, toStep, rows, words } = copy;
  for (let row = 0, { from, to } = copy; row < rows; row++, from += fromStep, to += toStep) {
    // Sixteen at a time: the checks of the loop cost as much as a word.
    let i = 0;
    for (; i + 16 <= words; i += 16) {
      const f = from + i;
      const t = to + i;
      target[t] = source[f] as bigint;
      target[t + 1] = source[f + 1] as bigint;
      target[t + 2] = source[f + 2] as bigint;
      target[t + 3] = source[f + 3] as bigint;
      target[t + 4] = source[f + 4] as bigint;
      target[t + 5] = source[f + 5] as bigint;
      target[t + 6] = source[f + 6] as bigint;
      target[t + 7] = source[f + 7] as bigint;
      target[t + 8] = source[f + 8] as bigint;
      target[t + 9] = source[f + 9] as bigint;
      target[t + 10] = source[f + 10] as bigint;
      target[t + 11] = source[f + 11] as bigint;
      target[t + 12] = source[f + 12] as bigint;
      target[t + 13] = source[f + 13] as bigint;
      target[t + 14] = source[f + 14] as bigint;
      target[t + 15] = source[f + 15] as bigint;
    }
    for (; i < words; i++) target[to + i] = source[from + i] as bigint;
  }
}

function copyWords(source: Uint32Array, target: Uint32Array, copy: RowCopy): void {
  const { fromStep, toStep, rows, words } = copy;
  for (let row = 0, { from, to } = copy; row < rows; row++, from += fromStep, to += toStep) {
    let i = 0;
    for (; i + 4 <= words; i += 4) {
      target[to + i] = source[from + i] as number;
      target[to + i + 1] = source[from + i + 1] as number;
      target[to + i + 2] = source[from + i + 2] as number;
      target[to + i + 3] = source[from + i + 3] as number;
    }
    for (; i < words; i++) target[to + i] = source[from + i] as number;
  }
}

function copyNarrowWords(
  source: Uint8Array | Uint16Array,
  target: Uint8Array | Uint16Array,
  copy: RowCopy,
): void {
  const { fromStep, toStep, rows, words } = copy;
  for (let row = 0, { from, to } = copy; row < rows; row++, from += fromStep, to += toStep) {
    for (let i = 0; i < words; i++) target[to + i] = source[from + i] as number;
  }
}
