import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Plan, readPlan, writePlan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { checkpointFolder, planFile, scenes } from "@paroattn/sample-image";
import type { Progress } from "../terminal/progress.js";
import { calibratePlan, sampleCalibrationPrompts } from "./calibrate-plan.js";

/** Where plans made on the way are kept: `$XDG_CACHE_HOME/paroattn` or `~/.cache/paroattn`. */
function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "paroattn");
}

async function readIfThere(path: string): Promise<Plan | undefined> {
  try {
    return await readPlan(path);
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells one training of the sample model from another, for the names of cached plans. */
async function weightsName(): Promise<string> {
  const hash = createHash("sha256");
  const file = join(checkpointFolder, "transformer/diffusion_pytorch_model.safetensors");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

/**
 * The sample model's plan for a density and a size: the shipped one if it was made for these, else one from the cache,
 * else one calibrated now (minutes, with progress) and put into the cache.
 */
export async function samplePlan(options: {
  readonly density: number;
  /** In pixels. Default: the model's own. */
  readonly width?: number;
  readonly height?: number;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<Plan> {
  const { density, width = scenes.picture.width, height = scenes.picture.height } = options;
  if (width === scenes.picture.width && height === scenes.picture.height) {
    const shipped = await readIfThere(planFile);
    if (shipped?.density.asked === density) return shipped;
  }
  const name = `sample-image-${await weightsName()}-${width}x${height}-${density}.safetensors`;
  const cached = join(cacheFolder(), name);
  const known = await readIfThere(cached);
  if (known) return known;
  options.warn(
    `no plan for density ${density} at ${width}x${height} yet; calibrating one, kept in ${cached}`,
  );
  const plan = await calibratePlan({
    ...options,
    width,
    height,
    model: checkpointFolder,
    prompts: await sampleCalibrationPrompts(),
  });
  await mkdir(cacheFolder(), { recursive: true });
  await writePlan(cached, plan, { signal: options.signal });
  return plan;
}
