import { openSafetensors, openSafetensorsBytes, writeSafetensors } from "@paroattn/tensor";
import { PlanError } from "../errors.js";
import { asPlanError, decodePlan } from "./decode.js";
import { planContents } from "./encode.js";
import type { Plan } from "./plan.js";

/**
 * Reads a plan. Refuses, with a `PlanError` that names the file, what was expected and what was found: a file that is no
 * plan or is cut short, another format version, tensors that do not fit the metadata, an order index out of range,
 * buckets that are not ordered, a density outside (0, 1], a query block without a live key block, a dropped text block.
 */
export async function readPlan(path: string): Promise<Plan> {
  try {
    await using source = await openSafetensors(path);
    return await decodePlan(source);
  } catch (cause) {
    const error = asPlanError(cause);
    throw PlanError.isInstance(error) ? error.at(path) : error;
  }
}

/** The plan in a file's bytes. Throws a `PlanError` as `readPlan` does. */
export async function parsePlan(bytes: Uint8Array): Promise<Plan> {
  try {
    await using source = await openSafetensorsBytes(bytes);
    return await decodePlan(source);
  } catch (error) {
    throw asPlanError(error);
  }
}

/**
 * Writes a plan as safetensors: under a temporary name, then renamed, so that `path` is either as it was or whole.
 * Throws a `PlanError` for a plan that `readPlan` would refuse, and a `SafetensorsError` for a path it cannot write.
 */
export async function writePlan(
  path: string,
  plan: Plan,
  options: {
    /** Stops the write; nothing is left behind. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<void> {
  await writeSafetensors(path, { ...planContents(plan), ...options });
}
