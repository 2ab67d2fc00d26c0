import { imageLayout, type TokenLayout, videoLayout } from "@paroattn/reorder";
import type { AttentionSize } from "./problem.js";

/** A size with the grid that its tokens come from. */
export interface GridSize extends AttentionSize {
  readonly layout: TokenLayout;
  readonly rounds: number;
}

const GRIDS = [
  { tokens: 1024, layout: imageLayout({ height: 32, width: 32 }), rounds: 31 },
  { tokens: 4096, layout: imageLayout({ height: 64, width: 64 }), rounds: 15 },
  // CogVideoX's, text first.
  {
    tokens: 17_776,
    layout: videoLayout({ frames: 13, height: 30, width: 45, textTokens: 226 }),
    rounds: 3,
  },
];

/** 8 heads of 64 or 128 channels. */
export const SIZES: readonly GridSize[] = GRIDS.flatMap((grid) =>
  [64, 128].map((headDim) => ({ ...grid, heads: 8, headDim })),
);

export const SIZES_OF_4096 = SIZES.filter(({ tokens }) => tokens === 4096);

/** About what dense attention of a size takes, in seconds. */
export function secondsOf({ heads, tokens, headDim }: AttentionSize): number {
  return (4 * heads * tokens ** 2 * headDim) / 3e11;
}
