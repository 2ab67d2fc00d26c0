import { bucketOf } from "@paroattn/sparse-masks";
import { PlanError } from "../errors.js";
import type { Plan } from "./plan.js";

/**
 * Throws a `PlanError` where a plan has masks for several ranges of timestep and a run of several steps meets only one of them:
 * its timesteps are on another scale than those that were calibrated, and the masks of most of its steps would be wrong.
 */
export function checkBuckets({ buckets }: Plan, timesteps: readonly number[]): void {
  const met = new Set(timesteps.map((timestep) => bucketOf(buckets, timestep)));
  const { boundaries } = buckets;
  if (boundaries.length === 0 || timesteps.length === 1 || met.size !== 1) return;
  throw new PlanError({
    expected: `timesteps of which the plan's ${boundaries.length + 1} buckets, cut from ${boundaries[0]} to ${boundaries.at(-1)}, hold some each`,
    found: `${timesteps.length} from ${timesteps[0]} to ${timesteps.at(-1)}, all in one`,
  });
}
