import { rowCount } from "./block-starts.js";
import { refuse } from "./errors.js";

export interface IncoherenceOptions {
  /** [rows, rowLength], such as a softmax map. */
  readonly data: Float32Array | Float64Array;
  readonly rowLength: number;
  /** Rows of a group; the last may be short. Default: all. */
  readonly groupRows?: number;
  /** Columns of a group; the last may be short. Default: all. */
  readonly groupColumns?: number;
}

/**
 * The incoherence Ψ = max |x| / mean |x| of a quantization group (PAROAttention §4.1): 1 for magnitudes all alike, and the
 * larger, the more of a group's codes an outlier takes. For several groups their mean, weighted by elements. A group of zeros has Ψ = 1.
 * Throws a `QuantError` where lengths do not fit or a number is not finite.
 *
 * @example incoherence({ data: map, rowLength: tokens, groupRows: 64, groupColumns: 64 }) // of the paper's blocks
 */
export function incoherence(options: IncoherenceOptions): number {
  const { data, rowLength } = options;
  const rows = rowCount(data.length, rowLength);
  const { groupRows = rows, groupColumns = rowLength } = options;
  for (const [name, size] of Object.entries({ groupRows, groupColumns })) {
    if (!Number.isInteger(size) || size < 1) refuse(`a positive integer for ${name}`, size);
  }
  let weighted = 0;
  for (let row = 0; row < rows; row += groupRows) {
    for (let column = 0; column < rowLength; column += groupColumns) {
      const lastRow = Math.min(rows, row + groupRows);
      const lastColumn = Math.min(rowLength, column + groupColumns);
      let largest = 0;
      let sum = 0;
      for (let r = row; r < lastRow; r++) {
        for (let i = r * rowLength + column; i < r * rowLength + lastColumn; i++) {
          const magnitude = Math.abs(data[i]!);
          if (!Number.isFinite(magnitude)) refuse(`a finite number at element ${i}`, data[i]);
          largest = Math.max(largest, magnitude);
          sum += magnitude;
        }
      }
      const size = (lastRow - row) * (lastColumn - column);
      weighted += size * (sum === 0 ? 1 : (largest * size) / sum);
    }
  }
  return weighted / data.length;
}
