import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Plan, readPlan, writePlan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { checkpointFolder, planFile } from "@paroattn/sample-image";
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
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * The sample model's plan for a density: the shipped one if it was made for that density, else one from the cache,
 * else one calibrated now (a few minutes, with progress) and put into the cache.
 */
export async function samplePlan(options: {
  readonly density: number;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}): Promise<Plan> {
  const shipped = await readIfThere(planFile);
  if (shipped?.density.asked === options.density) return shipped;
  const fingerprint = shipped?.weightsFingerprint.slice(0, 16) ?? "unshipped";
  const cached = join(cacheFolder(), `sample-image-${fingerprint}-${options.density}.safetensors`);
  const known = await readIfThere(cached);
  if (known) return known;
  options.progress.end();
  process.stderr.write(
    `image-dit: no plan for density ${options.density} yet; calibrating one, kept in ${cached}\n`,
  );
  const plan = await calibratePlan({
    ...options,
    model: checkpointFolder,
    prompts: await sampleCalibrationPrompts(),
  });
  await mkdir(cacheFolder(), { recursive: true });
  await writePlan(cached, plan);
  return plan;
}
