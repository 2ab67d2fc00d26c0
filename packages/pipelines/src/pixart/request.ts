import { randomInt } from "node:crypto";
import { tensor } from "@paroattn/tensor";
import { latentFactor } from "../autoencoders/autoencoder-kl.js";
import { expected } from "../errors.js";
import type { GenerateOptions } from "../pipeline.js";
import { normalNoise } from "../random/normal-noise.js";
import type { PixArtModel } from "./model.js";
import { refuseNonFinite } from "./refuse-non-finite.js";

/** One picture to draw. */
export interface PictureRequest {
  /** Index of its prompt. */
  readonly prompt: number;
  readonly seed: number;
  /** Makes its initial noise, [channels, height, width] of the latents. */
  readonly noise: () => Float32Array;
}

/** A checked call of `generate`, with its defaults. */
export interface PixArtRequest {
  readonly prompts: readonly string[];
  readonly negativePrompt: string;
  readonly pictures: readonly PictureRequest[];
  readonly steps: number;
  readonly guidance: number;
  /** Whether every picture needs a second, unconditional branch. */
  readonly guided: boolean;
  readonly width: number;
  readonly height: number;
  /** [channels, height, width]. */
  readonly latentShape: readonly [number, number, number];
  readonly batchSize: number;
  readonly cleanCaption: boolean;
}

const MAXIMUM_STEPS = 1000;
const DEFAULT_STEPS = 20;
const DEFAULT_GUIDANCE = 4.5;

/** Checks a call of `generate`. Throws `PipelineError`. */
export function checkRequest(model: PixArtModel, options: GenerateOptions): PixArtRequest {
  const { transformer, autoencoder } = model;
  const prompts = typeof options.prompt === "string" ? [options.prompt] : options.prompt;
  if (
    !Array.isArray(prompts) ||
    prompts.length === 0 ||
    prompts.some((p) => typeof p !== "string")
  ) {
    throw expected({ expected: "prompt to be a string or some strings", found: describe(prompts) });
  }
  const negativePrompt = options.negativePrompt ?? "";
  if (typeof negativePrompt !== "string") {
    throw expected({ expected: "negativePrompt to be a string", found: describe(negativePrompt) });
  }
  const count = whole("count", options.count ?? 1, 1, 10_000);
  const steps = whole("steps", options.steps ?? DEFAULT_STEPS, 1, MAXIMUM_STEPS);
  const batchSize = whole("batchSize", options.batchSize ?? 1, 1, 10_000);
  const guidance = options.guidance ?? DEFAULT_GUIDANCE;
  if (typeof guidance !== "number" || !Number.isFinite(guidance) || guidance < 0) {
    throw expected({
      expected: "guidance to be a number of at least 0",
      found: describe(guidance),
    });
  }
  const total = prompts.length * count;
  const largestSeed = Number.MAX_SAFE_INTEGER - (total - 1);
  const seed = whole("seed", options.seed ?? randomInt(2 ** 32), 0, largestSeed);

  const factor = latentFactor(autoencoder);
  const multiple = factor * transformer.patch_size;
  const defaultSide = transformer.sample_size * factor;
  const width = side("width", options.width ?? defaultSide, multiple);
  const height = side("height", options.height ?? defaultSide, multiple);
  const latentShape = [transformer.in_channels, height / factor, width / factor] as const;
  const size = latentShape[0] * latentShape[1] * latentShape[2];
  const given = givenNoise(options, [total, ...latentShape]);
  const pictures = Array.from({ length: total }, (_, i) => ({
    prompt: Math.floor(i / count),
    seed: seed + i,
    noise: () => given?.subarray(i * size, (i + 1) * size) ?? normalNoise(seed + i, size),
  }));
  return {
    prompts,
    negativePrompt,
    pictures,
    steps,
    guidance,
    guided: guidance > 1,
    width,
    height,
    latentShape,
    batchSize,
    cleanCaption: options.cleanCaption ?? true,
  };
}

function givenNoise(
  { latents }: GenerateOptions,
  shape: readonly number[],
): Float32Array | undefined {
  if (latents === undefined) return undefined;
  tensor(latents);
  if (latents.dtype !== "f32" || latents.shape.join() !== shape.join()) {
    throw expected({
      expected: `latents of dtype f32 and shape [${shape.join(", ")}]`,
      found: `${latents.dtype} [${latents.shape.join(", ")}]`,
    });
  }
  refuseNonFinite({ data: latents.data, name: "latents" });
  return latents.data;
}

function whole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw expected({
    expected: `${name} to be a whole number from ${least} to ${most}`,
    found: describe(value),
  });
}

function side(name: string, value: unknown, multiple: number): number {
  const positive = typeof value === "number" && Number.isFinite(value) && value > 0;
  if (positive && value % multiple === 0) return value;
  const below = positive ? Math.floor(value / multiple) * multiple : 0;
  const nearest =
    below > 0 ? `nearest are ${below} and ${below + multiple}` : `smallest is ${multiple}`;
  throw expected({
    expected: `${name} to be a multiple of ${multiple}, the ${nearest},`,
    found: describe(value),
  });
}

function describe(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : (JSON.stringify(value) ?? String(value));
}
