import { type TokenLayout, tokenCount, visualStart } from "@paroattn/reorder";
import { seededGenerator } from "@paroattn/sparse-masks";

/** How far a head looks along each axis, in tokens (about one standard deviation); everywhere along one that is left out. */
export type Reach = { readonly [axis in "frames" | "height" | "width"]?: number };

export interface Planted {
  /** [1, tokens, heads * headDim] each. */
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
}

/**
 * Queries and keys whose logits fall off with the distance along some axes, one reach a head, by random Fourier features:
 * q·k / sqrt(headDim) is `peak` times the mean of cos(w (x - y)) over random frequencies w, which is a Gaussian
 * kernel and noise, as in a trained head with rotary embedding. Values are normal.
 */
export function plantAxisLocal(options: {
  readonly layout: TokenLayout;
  readonly reaches: readonly Reach[];
  readonly headDim: number;
  readonly seed: number;
  /** Largest logit. Default: 14. */
  readonly peak?: number;
}): Planted {
  const { layout, reaches, headDim, seed, peak = 14 } = options;
  const tokens = tokenCount(layout);
  const channels = reaches.length * headDim;
  const normal = normalGenerator(seed);
  const query = new Float32Array(tokens * channels);
  const key = new Float32Array(tokens * channels);
  const value = Float32Array.from({ length: tokens * channels }, normal);
  const amplitude = Math.sqrt((peak * Math.sqrt(headDim)) / (headDim / 2));
  const coordinates = coordinatesOf(layout);
  reaches.forEach((reach, head) => {
    for (let pair = 0; pair < headDim / 2; pair++) {
      // One frequency per axis: the kernel of several axes is the product of theirs. Its exponential, which the
      // softmax sees, is narrower by the root of the peak.
      const draw = (tokens: number | undefined) =>
        tokens === undefined ? 0 : normal() / (tokens * Math.sqrt(peak));
      const frequency = {
        frames: draw(reach.frames),
        height: draw(reach.height),
        width: draw(reach.width),
      };
      for (let token = 0; token < tokens; token++) {
        const at = token * channels + head * headDim + 2 * pair;
        const place = coordinates[token]!;
        const angle =
          place.frames * frequency.frames +
          place.height * frequency.height +
          place.width * frequency.width;
        query[at] = key[at] = amplitude * Math.cos(angle);
        query[at + 1] = key[at + 1] = amplitude * Math.sin(angle);
      }
    }
  });
  return { query, key, value };
}

/** Where each token of the sequence stands; text stands at the origin. */
function coordinatesOf(layout: TokenLayout) {
  const { frames, height, width } = layout;
  const start = visualStart(layout);
  return Array.from({ length: tokenCount(layout) }, (_, token) => {
    const index = token - start;
    if (index < 0 || index >= frames * height * width) return { frames: 0, height: 0, width: 0 };
    return {
      frames: Math.floor(index / (height * width)),
      height: Math.floor(index / width) % height,
      width: index % width,
    };
  });
}

/** Standard normal numbers, the same for the same seed (Box-Muller). */
export function normalGenerator(seed: number): () => number {
  const uniform = seededGenerator(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
