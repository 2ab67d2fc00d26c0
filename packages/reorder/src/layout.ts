/**
 * Where the tokens of one sequence come from: a grid of visual tokens and, before or after it, text.
 * The sequence order of the grid is `FHW`: width changes fastest, frames slowest.
 */
export interface TokenLayout {
  /** Frames of the grid; 1 for an image. */
  readonly frames: number;
  /** Rows of the grid, in tokens. */
  readonly height: number;
  /** Columns of the grid, in tokens. */
  readonly width: number;
  /** Text tokens that share the sequence; 0 for none. They are never reordered. */
  readonly textTokens: number;
  /** Whether the text stands before or after the grid. */
  readonly textPosition: "before" | "after";
}
