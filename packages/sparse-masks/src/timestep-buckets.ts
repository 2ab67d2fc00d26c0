import { refuse } from "./errors.js";

/**
 * Ranges of training timestep (1000 is noise, 0 is the picture), each with a mask of its own; the noisiest is bucket 0.
 * Ranges, so that a plan serves any number of steps and any scheduler. Plain data, as a plan file holds it.
 */
export interface TimestepBuckets {
  /** [buckets - 1], descending: bucket b holds timesteps from boundaries[b] up to, not including, boundaries[b - 1]. */
  readonly boundaries: readonly number[];
  /** [buckets]: steps of the calibrated run that fall into each bucket. */
  readonly steps: readonly number[];
}

/** Buckets from stored numbers, checked and frozen. Throws a `SparseMaskError` unless boundaries descend and steps fit. */
export function timestepBuckets(options: TimestepBuckets): TimestepBuckets {
  const { boundaries, steps } = options;
  if (steps.length !== boundaries.length + 1) {
    refuse(`${boundaries.length + 1} steps, one more than boundaries`, steps.length);
  }
  boundaries.forEach((boundary, index) => {
    if (!Number.isFinite(boundary)) refuse("finite boundaries", boundary);
    if (index > 0 && boundary >= (boundaries[index - 1] as number)) {
      refuse("descending boundaries", boundaries);
    }
  });
  for (const count of steps) {
    if (!Number.isInteger(count) || count < 1)
      refuse("a positive integer of steps per bucket", count);
  }
  return Object.freeze({
    boundaries: Object.freeze([...boundaries]),
    steps: Object.freeze([...steps]),
  });
}

/** Which steps share a bucket. */
export type BucketShare = "secondHalf" | "none" | "all";

export interface BucketOptions {
  /** Default: "secondHalf". */
  readonly share?: BucketShare;
  /**
   * At most so many buckets for the steps that do not share one: neighbours go together, as evenly as they can.
   * Not with `all`. Default: one a step.
   */
  readonly ownBuckets?: number;
}

/**
 * Buckets for the timesteps of a run, as the scheduler gives them: descending, equal neighbours allowed.
 * `secondHalf`, the default, gives each step of the first half (rounded down) its own bucket and the rest one in common:
 * patterns drift early and settle late (PAROAttention §4.2). `none` gives each step its own, `all` makes one.
 * Boundaries lie midway between neighbouring timesteps, so a timestep between two calibrated ones takes the nearer.
 *
 * Throws a `SparseMaskError` for an empty list, ascending or non-finite timesteps, or `ownBuckets` that are no positive
 * integer or are given with `all`.
 */
export function bucketsFromTimesteps(
  timesteps: ArrayLike<number>,
  options: BucketOptions = {},
): TimestepBuckets {
  const run = Array.from(timesteps);
  if (run.length === 0) refuse("at least one timestep", "none");
  const begins = bucketBegins(options, run.length);
  const boundaries: number[] = [];
  const steps = [0];
  run.forEach((timestep, index) => {
    if (!Number.isFinite(timestep)) refuse("finite timesteps", timestep);
    const previous = run[index - 1] ?? timestep;
    if (timestep > previous) refuse("descending timesteps", [previous, timestep]);
    // Steps at one timestep cannot be told apart, so they share a bucket.
    if (begins.has(index) && timestep < previous) {
      boundaries.push((previous + timestep) / 2);
      steps.push(0);
    }
    (steps[steps.length - 1] as number) += 1;
  });
  return timestepBuckets({ boundaries, steps });
}

/** The bucket of a timestep; beyond the calibrated run, the first or the last. Throws a `SparseMaskError` for NaN. */
export function bucketOf(buckets: TimestepBuckets, timestep: number): number {
  if (Number.isNaN(timestep)) refuse("a timestep", timestep);
  const index = buckets.boundaries.findIndex((boundary) => timestep >= boundary);
  return index === -1 ? buckets.boundaries.length : index;
}

/** Steps, the first aside, with which a new bucket begins. */
function bucketBegins(options: BucketOptions, steps: number): ReadonlySet<number> {
  const { share = "secondHalf" } = options;
  const own = stepsOfTheirOwn(share, steps);
  const { ownBuckets = own } = options;
  if (options.ownBuckets !== undefined) {
    if (share === "all") refuse('no ownBuckets with share "all"', ownBuckets);
    if (!Number.isInteger(ownBuckets) || ownBuckets < 1) {
      refuse("a positive integer for ownBuckets", ownBuckets);
    }
  }
  const count = Math.min(ownBuckets, own);
  const begins = new Set<number>();
  for (let bucket = 1; bucket < count; bucket++) begins.add(Math.floor((bucket * own) / count));
  if (own < steps) begins.add(own);
  begins.delete(0);
  return begins;
}

/** How many steps, from the first on, do not share the last bucket. */
function stepsOfTheirOwn(share: BucketShare, steps: number): number {
  switch (share) {
    case "all":
      return 0;
    case "none":
      return steps;
    case "secondHalf":
      return Math.floor(steps / 2);
    default:
      return refuse('share "secondHalf", "none" or "all"', share);
  }
}
