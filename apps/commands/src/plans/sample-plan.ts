import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { type Plan, readPlan, writePlan } from "@paroattn/attention";
import type { SampleModel } from "../app.js";
import type { Context } from "../context.js";
import { cacheFolder } from "../files/cache-folder.js";
import { makeFolder } from "../files/make-folder.js";
import type { PlanOrders } from "../strategies/registry.js";
import { calibratePlans, sampleCalibrationPrompts } from "./calibrate-plan.js";

async function readIfThere(path: string): Promise<Plan | undefined> {
  try {
    return await readPlan(path);
  } catch (error) {
    if ((error as { cause?: NodeJS.ErrnoException }).cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells one training of the sample model from another, for the names of cached plans. */
async function weightsName({ folder }: SampleModel): Promise<string> {
  const hash = createHash("sha256");
  const file = join(folder, "transformer/diffusion_pytorch_model.safetensors");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex").slice(0, 16);
}

/** Sizes are the model's own by default. */
export interface SamplePlanOptions extends Context {
  /** In pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Of a video. */
  readonly frames?: number;
}

/** The sample model's plan for a density; see `samplePlans`. */
export async function samplePlan(
  options: SamplePlanOptions & { readonly density: number; readonly orders?: PlanOrders },
): Promise<Plan> {
  const [plan] = await samplePlans({ ...options, densities: [options.density] });
  return plan!;
}

/**
 * The sample model's plans for some densities and a size, for an app that has one: the shipped plan if it was made for these, else from the
 * cache, else calibrated now (minutes, with progress; all that are missing at once) and put into the cache.
 */
export async function samplePlans(
  options: SamplePlanOptions & {
    readonly densities: readonly number[];
    /** `native` for the control whose heads all keep the native order. Default: `chosen`. */
    readonly orders?: PlanOrders;
  },
): Promise<Plan[]> {
  const { app, densities, orders = "chosen", signal } = options;
  const sample = app.sample!;
  const { width = sample.size.width, height = sample.size.height } = options;
  const { frames = sample.size.frames } = options;
  const size = `${width}x${height}${frames === undefined ? "" : `x${frames}`}`;
  const own = sample.size;
  const isOwnSize = width === own.width && height === own.height && frames === own.frames;
  const shipped = isOwnSize && orders === "chosen" ? await readIfThere(sample.planFile) : undefined;
  const weights = await weightsName(sample);
  const suffix = `g${sample.guidance}${orders === "native" ? "-native" : ""}`;
  const cached = (density: number) =>
    join(cacheFolder(), `${sample.name}-${weights}-${size}-${density}-${suffix}.safetensors`);
  const known = new Map<number, Plan>();
  for (const density of densities) {
    const plan = shipped?.density.asked === density ? shipped : await readIfThere(cached(density));
    if (plan !== undefined) known.set(density, plan);
  }
  const missing = densities.filter((density) => !known.has(density));
  if (missing.length > 0) {
    const asked = `${missing.length === 1 ? "density" : "densities"} ${missing.join(", ")}`;
    const inOrder = orders === "native" ? " in native order" : "";
    const [what, one] =
      missing.length === 1
        ? ["no plan", `calibrating one, kept in ${cached(missing[0]!)}`]
        : ["no plans", `calibrating them, kept in ${cacheFolder()}`];
    options.warn(`${what} for ${asked}${inOrder} at ${size} yet; ${one}`);
    const plans = await calibratePlans({
      ...options,
      densities: missing,
      ...(orders === "native" && { forcedOrders: "native" }),
      width,
      height,
      ...(frames !== undefined && { frames }),
      model: sample.folder,
      prompts: await sampleCalibrationPrompts(app),
    });
    await makeFolder(cacheFolder());
    for (const [index, plan] of plans.entries()) {
      await writePlan(cached(missing[index]!), plan, { signal });
      known.set(missing[index]!, plan);
    }
  }
  return densities.map((density) => known.get(density)!);
}
