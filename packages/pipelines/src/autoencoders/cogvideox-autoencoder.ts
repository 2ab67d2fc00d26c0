import type { Backend, DeviceTensor } from "@paroattn/backend";
import { type Tensor, tensor } from "@paroattn/tensor";
import type { Weights } from "../checkpoint/weights.js";
import { type OnLayer, whenRun } from "../modules/on-layer.js";
import type { FrameCache } from "./causal-convolution.js";
import { type CogVideoXAutoencoderConfig, latentSides } from "./cogvideox-autoencoder-config.js";
import { cogVideoXDecoderStages } from "./cogvideox-decoder.js";
import {
  blendFromAbove,
  blendFromLeft,
  placeTile,
  type Tile,
  type Tiling,
  tileAxis,
} from "./tiles.js";

/** Upstream: `AutoencoderKLCogVideoX` of diffusers, its decoder. */
export interface CogVideoXAutoencoder {
  readonly config: CogVideoXAutoencoderConfig;
  /**
   * Latents (already divided by the scaling factor) [batch, channels, frames, h, w] to frames in [-1, 1] on the host,
   * f32 [batch, 3, FRAMES, H, W]. They are decoded two latent frames at a time (the first three where their number is odd)
   * and, with a tiling, tile by tile, so that device memory depends on the size of a tile and not on the video's.
   */
  decode(options: {
    readonly backend: Backend;
    readonly latents: DeviceTensor;
    /** Default: one tile. */
    readonly tiling?: Tiling;
    readonly onLayer?: OnLayer;
  }): Promise<Tensor<"f32">>;
}

/** As upstream: the tiles are half of the size that the autoencoder was trained for. */
export function usualTiling(config: CogVideoXAutoencoderConfig): Tiling {
  const factor = latentSides(config);
  return {
    height: Math.max(1, Math.floor(Math.floor(config.sample_height / 2) / factor)),
    width: Math.max(1, Math.floor(Math.floor(config.sample_width / 2) / factor)),
    overlapHeight: 1 / 6,
    overlapWidth: 1 / 5,
  };
}

/** Latent frames that are decoded together: their number is even but for the first, which takes what is left over. */
const FRAMES_TOGETHER = 2;

/** Frames that so many latent frames make: each doubles as often as the ratio says, but for the first of an odd number. */
export function decodedFrames(config: CogVideoXAutoencoderConfig, latentFrames: number): number {
  const odd = latentFrames % 2;
  return (latentFrames - odd) * config.temporal_compression_ratio + odd;
}

export function createCogVideoXAutoencoder(
  config: CogVideoXAutoencoderConfig,
  weights: Weights,
): CogVideoXAutoencoder {
  const stages = cogVideoXDecoderStages(config, weights);
  const factor = latentSides(config);

  /** One batch of frames through all layers; what came before it is in the cache. */
  const decodeFrames = (call: {
    readonly backend: Backend;
    readonly latents: DeviceTensor;
    readonly cache: FrameCache;
    readonly onStage: (scope: Backend, stage: number) => void;
  }): DeviceTensor => {
    const { backend, latents, cache, onStage } = call;
    let hidden = latents;
    for (const [index, stage] of stages.entries()) {
      using scope = backend.scope();
      const next = scope.keep(stage({ backend: scope, latents, cache }, hidden));
      if (hidden !== latents) hidden.dispose();
      hidden = next;
      onStage(scope, index);
    }
    return hidden;
  };

  return {
    config,
    async decode({ backend, latents, tiling, onLayer }) {
      const [batch, , frames, height, width] = latents.shape as FiveSizes;
      const rows = tileAxis({ size: height, factor, ...along(tiling, "Height") });
      const columns = tileAxis({ size: width, factor, ...along(tiling, "Width") });
      const batches = frameBatches(frames);
      const planes = batch * config.out_channels;
      const outputFrames = decodedFrames(config, frames);
      const passes = rows.ranges.length * columns.ranges.length * batches.length;
      let pass = 0;

      const decodeTile = async (row: Range, column: Range): Promise<Tile> => {
        const size = {
          height: factor * (row[1] - row[0]),
          width: factor * (column[1] - column[0]),
        };
        const area = size.height * size.width;
        const data = new Float32Array(planes * outputFrames * area);
        using scope = backend.scope();
        const crop = (input: DeviceTensor, axis: number, [start, end]: Range) =>
          scope.slice({ input, axis, start, end });
        const tile = crop(crop(latents, 3, row), 4, column);
        const cache: FrameCache = { backend: scope, frames: new Map() };
        let frame = 0;
        for (const range of batches) {
          using inner = scope.scope();
          const before = pass * stages.length;
          const decoded = await inner.read(
            decodeFrames({
              backend: inner,
              latents: inner.slice({ input: tile, axis: 2, start: range[0], end: range[1] }),
              cache,
              onStage: (stage, index) =>
                whenRun({
                  scope: stage,
                  layer: before + index,
                  layers: passes * stages.length,
                  onLayer,
                }),
            }),
          );
          pass += 1;
          const values = decoded.data as Float32Array;
          const some = decoded.shape[2]!;
          for (let plane = 0; plane < planes; plane++) {
            const part = values.subarray(plane * some * area, (plane + 1) * some * area);
            data.set(part, (plane * outputFrames + frame) * area);
          }
          frame += some;
        }
        return { data, planes: planes * outputFrames, ...size };
      };

      const all: Tile = {
        data: new Float32Array(planes * outputFrames * factor * height * factor * width),
        planes: planes * outputFrames,
        height: factor * height,
        width: factor * width,
      };
      let above: Tile[] = [];
      for (const [i, row] of rows.ranges.entries()) {
        const current: Tile[] = [];
        for (const [j, column] of columns.ranges.entries()) {
          const tile = await decodeTile(row, column);
          const upper = above[j];
          if (upper !== undefined) blendFromAbove(upper, tile, rows.blend);
          const left = current.at(-1);
          if (left !== undefined) blendFromLeft(left, tile, columns.blend);
          placeTile({
            tile,
            rows: Math.min(rows.kept, tile.height),
            columns: Math.min(columns.kept, tile.width),
            into: all,
            top: i * rows.kept,
            left: j * columns.kept,
          });
          current.push(tile);
        }
        above = current;
      }
      return tensor({
        dtype: "f32",
        shape: [batch, config.out_channels, outputFrames, all.height, all.width],
        data: all.data,
      });
    },
  };
}

type Range = readonly [number, number];
type FiveSizes = readonly [number, number, number, number, number];

function along(tiling: Tiling | undefined, side: "Height" | "Width") {
  if (tiling === undefined) return {};
  const tile = side === "Height" ? tiling.height : tiling.width;
  return { tile, overlap: tiling[`overlap${side}`] };
}

function frameBatches(frames: number): Range[] {
  const left = frames % FRAMES_TOGETHER;
  const count = Math.max(1, Math.floor(frames / FRAMES_TOGETHER));
  return Array.from({ length: count }, (_, i) => {
    const start = i === 0 ? 0 : i * FRAMES_TOGETHER + left;
    return [start, Math.min((i + 1) * FRAMES_TOGETHER + left, frames)];
  });
}
