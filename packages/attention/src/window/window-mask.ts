import type { AxisOrder, TokenLayout } from "@paroattn/reorder";
import type { BlockMask } from "@paroattn/sparse-masks";
import { StrategyError } from "../strategy-error.js";
import { checkBlocks, maskWithin, widestReach } from "./mask-within.js";
import { windowDistances } from "./window-distances.js";

/**
 * How wide a window is. `fraction` of the tokens of a frame, both sides together, as in Re-ttention (section 5: 0.03125 and
 * 0.0625); or the widest one that computes at most a `density` of all query-key pairs, text and whole blocks included.
 */
export type WindowWidth = { readonly fraction: number } | { readonly density: number };

/** A window as it is executed: whole blocks in one order, the same for all heads. */
export interface WindowMask {
  readonly order: AxisOrder;
  readonly mask: BlockMask;
  /** Raster places to either side. */
  readonly reach: number;
  /** Executed / all valid query-key pairs, text included. */
  readonly density: number;
}

export interface WindowMaskOptions {
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly width: WindowWidth;
  /**
   * In which blocks are cut. Default: `HWF` with frames (token-major: a place's frames beside each other, so that the window is
   * one band), `HW` without.
   */
  readonly order?: AxisOrder;
}

/**
 * Re-ttention's static mask: a token sees the tokens of every frame whose place in the raster is at most `reach` from its
 * own; text sees and is seen by all. A block is computed where any pair in it is seen.
 * Source: Re-ttention section 5 and its released `create_local_attention_mask`; the edges of the picture are not shifted.
 *
 * Throws a `StrategyError` where a width keeps nothing, or the layout has too few tokens for two blocks.
 *
 * @example
 * const layout = videoLayout({ frames: 13, height: 30, width: 45, textTokens: 226 });
 * windowMask({ layout, heads: 30, width: { fraction: 1 / 32 } }); // reach 21
 */
export function windowMask(options: WindowMaskOptions): WindowMask {
  const { layout, heads, width } = options;
  const order = options.order ?? (layout.frames === 1 ? "HW" : "HWF");
  const all = windowDistances(layout, order);
  checkBlocks(all.partition, layout);
  const reach =
    "fraction" in width ? reachOfFraction(width.fraction, layout) : widestReach(all, width.density);
  return { order, reach, ...maskWithin(all, { reach, heads }) };
}

function reachOfFraction(fraction: number, { height, width }: TokenLayout): number {
  const places = Math.floor(height * width * fraction);
  if (fraction <= 2 && places >= 1) return Math.floor(places / 2);
  throw new StrategyError({
    expected: `a window of a fraction from 1 / ${height * width}, a token of a frame, to 2, all of them to either side,`,
    found: String(fraction),
  });
}
