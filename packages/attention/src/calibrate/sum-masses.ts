import { type AxisOrder, partitionLayout } from "@paroattn/reorder";
import {
  type BlockMassSource,
  type BucketOptions,
  bucketOf,
  bucketsFromTimesteps,
  type TimestepBuckets,
} from "@paroattn/sparse-masks";
import { MassStore, type MassStoreOptions } from "../masks/mass-store.js";
import { siteMasses } from "../masks/site-masses.js";
import type { AttentionStrategy } from "../strategy.js";
import type { CalibrationSubject } from "./subject.js";
import { type WatchOptions, watch } from "./watch.js";

export interface SumMassesOptions
  extends WatchOptions,
    Pick<MassStoreOptions, "memoryLimit" | "scratchFolder"> {
  /** [layers][heads] for this model. */
  readonly orders: (subject: CalibrationSubject) => readonly (readonly AxisOrder[])[];
  /** Which steps share masks. */
  readonly sharing: BucketOptions;
  /** Entries below it are counted as small; nothing is made of the count here. */
  readonly epsilon: (subject: CalibrationSubject) => number;
}

/** The second pass of a calibration. */
export interface MassSumming {
  readonly strategy: AttentionStrategy;
  /** What was watched. Throws a `CalibrationError` before the first generation. */
  subject(): CalibrationSubject;
  buckets(): TimestepBuckets;
  orders(): readonly (readonly AxisOrder[])[];
  /** Averaged over prompts and guidance branches (and the steps of a bucket). Throws a `CalibrationError` where some are missing. */
  masses(): BlockMassSource;
  [Symbol.dispose](): void;
}

interface Notes {
  readonly buckets: TimestepBuckets;
  readonly orders: readonly (readonly AxisOrder[])[];
  readonly store: MassStore;
}

/** Adds up the mass of every block in each head's chosen order (PAROAttention section 4.2), while the model runs dense. */
export function sumMasses(options: SumMassesOptions): MassSumming {
  let notes: Notes | undefined;
  const watching = watch({
    ...options,
    begin(subject) {
      options.begin?.(subject);
      const { layers, heads, layout } = subject;
      const orders = options.orders(subject);
      const buckets = bucketsFromTimesteps(subject.timesteps, options.sharing);
      const { blocks } = partitionLayout(layout);
      const shape = { buckets: buckets.steps.length, layers, heads, blocks };
      notes = { buckets, orders, store: new MassStore({ ...options, ...shape }) };
    },
    async attend(site, front) {
      const { buckets, orders, store } = notes!;
      const epsilon = options.epsilon(watching.subject());
      const { output, masses } = await siteMasses({
        site,
        front,
        orders: orders[site.layer]!,
        epsilon,
      });
      store.add({ bucket: bucketOf(buckets, site.timestep), layer: site.layer }, masses);
      return output;
    },
  });
  const watched = (): Notes => {
    watching.subject();
    return notes!;
  };
  return {
    strategy: watching.strategy,
    subject: watching.subject,
    buckets: () => watched().buckets,
    orders: () => watched().orders,
    masses: () => watched().store.averages(),
    [Symbol.dispose]: () => notes?.store.dispose(),
  };
}
