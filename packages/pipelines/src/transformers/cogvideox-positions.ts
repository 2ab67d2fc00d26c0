import { type TokenLayout, visualTokens } from "@paroattn/reorder";
import { linspace, roundHalfEven } from "../modules/numpy.js";
import type { CogVideoXConfig } from "./cogvideox-config.js";
import { LONGEST_PERIOD, writeSinusoids } from "./sinusoids.js";

/**
 * Sinusoidal positions as in CogVideoX-2B, [visual tokens, channels]: a quarter of the channels tells the frame, three
 * eighths the column, three eighths the row. Upstream: `get_3d_sincos_pos_embed`.
 */
export function sincosPositions(config: CogVideoXConfig, layout: TokenLayout): Float32Array {
  const { channels } = config;
  const place = (index: number, scale: number) => Math.fround(index / scale);
  const embedding = new Float32Array(visualTokens(layout) * channels);
  let offset = 0;
  eachToken(layout, (frame, row, column) => {
    for (const [position, share] of [
      [place(frame, config.temporal_interpolation_scale), channels / 4],
      [place(column, config.spatial_interpolation_scale), (channels / 8) * 3],
      [place(row, config.spatial_interpolation_scale), (channels / 8) * 3],
    ] as const) {
      writeSinusoids(embedding, { offset, channels: share, position });
      offset += share;
    }
  });
  return embedding;
}

/** Tables of a rotary embedding, [tokens, headDim / 2], in sequence order. */
export interface RotaryTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Rotations as in CogVideoX-5B: a quarter of a head's channels turns with the frame, three eighths with the row, three
 * eighths with the column; text, which stands first, does not turn. The grid is fitted into the middle of the one that the
 * model was trained on. Upstream: `get_3d_rotary_pos_embed` under `CogVideoXPipeline._prepare_rotary_positional_embeddings`.
 */
export function rotaryTables(config: CogVideoXConfig, layout: TokenLayout): RotaryTables {
  const { attention_head_dim: headDim, patch_size: patch } = config;
  const { frames, height, width, textTokens } = layout;
  const { top, left, bottom, right } = fittedGrid(layout, {
    height: Math.floor(config.sample_height / patch),
    width: Math.floor(config.sample_width / patch),
  });
  const axis = (start: number, stop: number, count: number) =>
    linspace(start, (stop * (count - 1)) / count, count);
  const places = [axis(0, frames, frames), axis(top, bottom, height), axis(left, right, width)];
  const shares = [headDim / 4, (headDim / 8) * 3, (headDim / 8) * 3];

  const pairs = headDim / 2;
  const size = (textTokens + visualTokens(layout)) * pairs;
  const cos = new Float32Array(size).fill(1, 0, textTokens * pairs);
  const sin = new Float32Array(size);
  let at = textTokens * pairs;
  eachToken(layout, (...indices) => {
    for (const [which, share] of shares.entries()) {
      const position = Math.fround(places[which]![indices[which]!]!);
      for (let i = 0; i < share; i += 2) {
        const frequency = Math.fround(1 / LONGEST_PERIOD ** (i / share));
        const angle = Math.fround(position * frequency);
        cos[at] = Math.cos(angle);
        sin[at] = Math.sin(angle);
        at += 1;
      }
    }
  });
  return { cos, sin };
}

interface Grid {
  readonly height: number;
  readonly width: number;
}

/** Where a grid's picture lies when it is scaled into the middle of a base grid. Upstream: `get_resize_crop_region_for_grid`. */
function fittedGrid({ height, width }: Grid, base: Grid) {
  const tall = height / width > base.height / base.width;
  const fitted = tall
    ? { height: base.height, width: roundHalfEven((base.height / height) * width) }
    : { height: roundHalfEven((base.width / width) * height), width: base.width };
  const top = roundHalfEven((base.height - fitted.height) / 2);
  const left = roundHalfEven((base.width - fitted.width) / 2);
  return { top, left, bottom: top + fitted.height, right: left + fitted.width };
}

function eachToken(
  { frames, height, width }: TokenLayout,
  visit: (frame: number, row: number, column: number) => void,
): void {
  for (let frame = 0; frame < frames; frame++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) visit(frame, row, column);
    }
  }
}
