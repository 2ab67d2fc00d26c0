import { randomInt } from "node:crypto";
import { tensor } from "@paroattn/tensor";
import { expected } from "../errors.js";
import type { GenerateOptions } from "../pipeline.js";
import { normalNoise } from "../random/normal-noise.js";
import { describe, whole } from "./checks.js";
import { refuseNonFinite } from "./refuse-non-finite.js";

/** One picture or video to draw. */
export interface PictureRequest {
  /** Index of its prompt. */
  readonly prompt: number;
  readonly seed: number;
  /** Makes its initial noise, of the latents' shape. */
  readonly noise: () => Float32Array;
}

/** A checked call of `generate`, with its defaults. */
export interface GenerationRequest {
  readonly prompts: readonly string[];
  readonly negativePrompt: string;
  readonly pictures: readonly PictureRequest[];
  readonly steps: number;
  readonly guidance: number;
  /** Whether every picture needs a second, unconditional branch. */
  readonly guided: boolean;
  readonly dynamicGuidance: boolean;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Of one picture or video, such as [channels, height, width]. */
  readonly latentShape: readonly number[];
  readonly batchSize: number;
  readonly cleanCaption: boolean;
}

/** What a family knows of a call: its defaults, and the sizes that it has checked. */
export interface RequestDefaults
  extends Pick<GenerationRequest, "frames" | "width" | "height" | "latentShape" | "cleanCaption"> {
  readonly steps: number;
  readonly maximumSteps: number;
  readonly guidance: number;
}

/** Checks what all families have in common. Throws `PipelineError`. */
export function checkRequest(
  options: GenerateOptions,
  defaults: RequestDefaults,
): GenerationRequest {
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
  const steps = whole("steps", options.steps ?? defaults.steps, 1, defaults.maximumSteps);
  const batchSize = whole("batchSize", options.batchSize ?? 1, 1, 10_000);
  const guidance = options.guidance ?? defaults.guidance;
  if (typeof guidance !== "number" || !Number.isFinite(guidance) || guidance < 0) {
    throw expected({
      expected: "guidance to be a number of at least 0",
      found: describe(guidance),
    });
  }
  const total = prompts.length * count;
  const largestSeed = Number.MAX_SAFE_INTEGER - (total - 1);
  const seed = whole("seed", options.seed ?? randomInt(2 ** 32), 0, largestSeed);

  const { frames, width, height, latentShape } = defaults;
  const size = latentShape.reduce((product, length) => product * length, 1);
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
    dynamicGuidance: options.dynamicGuidance ?? false,
    frames,
    width,
    height,
    latentShape,
    batchSize,
    cleanCaption: options.cleanCaption ?? defaults.cleanCaption,
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
