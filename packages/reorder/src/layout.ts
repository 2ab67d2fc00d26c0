import { refuse } from "./errors.js";

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

export interface ImageLayoutOptions {
  /** Rows of the grid, in tokens (not pixels). */
  readonly height: number;
  /** Columns of the grid, in tokens. */
  readonly width: number;
  /** Text tokens that share the sequence. Default: 0. */
  readonly textTokens?: number;
  /** Whether the text stands before or after the grid. Default: "before". */
  readonly textPosition?: "before" | "after";
}

export interface VideoLayoutOptions extends ImageLayoutOptions {
  /** Frames of the grid, in tokens (latent frames, after any temporal patching). */
  readonly frames: number;
}

/**
 * The layout of an image's tokens, checked and frozen. Throws a `ReorderError` for a size that is not a positive integer.
 *
 * @example imageLayout({ height: 64, width: 64 }) // 4,096 tokens, no text
 */
export function imageLayout(options: ImageLayoutOptions): TokenLayout {
  return videoLayout({ ...options, frames: 1 });
}

/**
 * The layout of a video's tokens, checked and frozen. With one frame it equals an image's.
 * Throws a `ReorderError` for a size that is not a positive integer.
 *
 * @example videoLayout({ frames: 13, height: 30, width: 45, textTokens: 226 }) // 17,776 tokens, text first
 */
export function videoLayout(options: VideoLayoutOptions): TokenLayout {
  const { frames, height, width, textTokens = 0, textPosition = "before" } = options;
  for (const [name, size] of Object.entries({ frames, height, width })) {
    if (!Number.isInteger(size) || size < 1) refuse(`a positive integer for ${name}`, size);
  }
  if (!Number.isInteger(textTokens) || textTokens < 0) {
    refuse("a non-negative integer for textTokens", textTokens);
  }
  if (textPosition !== "before" && textPosition !== "after") {
    refuse('textPosition "before" or "after"', textPosition);
  }
  const tokens = frames * height * width + textTokens;
  // Indices are Uint32, everywhere.
  if (tokens >= 2 ** 32) refuse("fewer than 2^32 tokens", tokens);
  return Object.freeze({ frames, height, width, textTokens, textPosition });
}

/** Tokens of the grid: frames * height * width. */
export function visualTokens(layout: TokenLayout): number {
  return layout.frames * layout.height * layout.width;
}

/** Tokens of the sequence, text included. */
export function tokenCount(layout: TokenLayout): number {
  return visualTokens(layout) + layout.textTokens;
}

/** Index of the grid's first token in the sequence. */
export function visualStart(layout: TokenLayout): number {
  return layout.textPosition === "before" ? layout.textTokens : 0;
}

/** Whether two layouts place every token alike. Where there is no text, its position does not matter. */
export function layoutsEqual(a: TokenLayout, b: TokenLayout): boolean {
  return (
    a.frames === b.frames &&
    a.height === b.height &&
    a.width === b.width &&
    a.textTokens === b.textTokens &&
    (a.textTokens === 0 || a.textPosition === b.textPosition)
  );
}

/** A layout for people: "64x64", "13x30x45", "226 text + 13x30x45" or "64x64 + 512 text". */
export function describeLayout(layout: TokenLayout): string {
  const { frames, height, width, textTokens, textPosition } = layout;
  const grid = frames === 1 ? `${height}x${width}` : `${frames}x${height}x${width}`;
  if (textTokens === 0) return grid;
  const text = `${textTokens} text`;
  return textPosition === "before" ? `${text} + ${grid}` : `${grid} + ${text}`;
}
