import { type AxisOrder, blockLength, partitionLayout } from "@paroattn/reorder";
import {
  type BlockMassSource,
  type BucketShare,
  bucketOf,
  bucketsFromTimesteps,
  type TimestepBuckets,
} from "@paroattn/sparse-masks";
import { toFloat32 } from "@paroattn/tensor";
import type { AttentionFront, AttentionSite, AttentionStrategy } from "../strategy.js";
import { MassStore, type MassStoreOptions } from "./mass-store.js";
import type { CalibrationSubject } from "./subject.js";
import { type WatchOptions, watch } from "./watch.js";

export interface SumMassesOptions
  extends WatchOptions,
    Pick<MassStoreOptions, "memoryLimit" | "scratchFolder"> {
  /** [layers][heads] for this model. */
  readonly orders: (subject: CalibrationSubject) => readonly (readonly AxisOrder[])[];
  /** Which steps share masks. */
  readonly share: BucketShare;
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
      const buckets = bucketsFromTimesteps(subject.timesteps, { share: options.share });
      const { blocks } = partitionLayout(layout);
      const shape = { buckets: buckets.steps.length, layers, heads, blocks };
      notes = { buckets, orders, store: new MassStore({ ...options, ...shape }) };
    },
    async attend(site, front) {
      const { buckets, orders, store } = notes!;
      const epsilon = options.epsilon(watching.subject());
      const { output, masses } = await massesOf({
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

/** The dense output of a site and the mass of each block (sum / query rows), [batch, heads, blocks, blocks]. */
async function massesOf(options: {
  readonly site: AttentionSite;
  readonly front: AttentionFront;
  readonly orders: readonly AxisOrder[];
  readonly epsilon: number;
}) {
  const { site, front, orders, epsilon } = options;
  const { backend } = front;
  using operands = front.operands({ orders });
  const dense = backend.attention({ operands, returnLogSumExp: true });
  using logSumExp = dense.logSumExp!;
  const statistics = backend.blockStatistics({ operands, logSumExp, epsilon });
  using sum = statistics.sum;
  statistics.maximum.dispose();
  statistics.smallCount.dispose();
  const masses = toFloat32(await backend.read(sum));
  const partition = partitionLayout(site.layout);
  const { blocks } = partition;
  for (let row = 0; row < masses.length / blocks; row++) {
    const queries = blockLength(partition, row % blocks);
    for (let key = 0; key < blocks; key++) masses[row * blocks + key]! /= queries;
  }
  return { output: dense.output, masses };
}
