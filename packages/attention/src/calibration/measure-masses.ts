import { type AxisOrder, blockLength, DEFAULT_EPSILON, partitionLayout } from "@paroattn/reorder";
import {
  type BlockMassSource,
  type BucketShare,
  bucketOf,
  bucketsFromTimesteps,
  type TimestepBuckets,
} from "@paroattn/sparse-masks";
import { CalibrationError } from "../errors.js";
import { PLAN_BLOCK_SIZE } from "../plan/plan.js";
import { createMassStore, type MassStore } from "./mass-store.js";
import { type CalibratedModel, ModelWatcher } from "./model-info.js";
import { forEachHead } from "./read-statistics.js";
import type { RunModel } from "./score-orders.js";

export interface MeasureMassesOptions {
  readonly generate: RunModel;
  /** [layers][heads]: the order in which each head's blocks are cut. */
  readonly orders: readonly (readonly AxisOrder[])[];
  /** Which steps share a mask. Default: the first half has one a step, the second half shares one. */
  readonly share?: BucketShare;
  /** Masses above this many bytes go to a scratch file. Default: 512 MB. */
  readonly memoryLimitBytes?: number;
}

export interface BlockMasses {
  readonly model: CalibratedModel;
  readonly orders: readonly (readonly AxisOrder[])[];
  readonly buckets: TimestepBuckets;
  /** Mean mass per (bucket, layer, head) over prompts, branches and the bucket's steps. */
  readonly source: BlockMassSource;
  close(): Promise<void>;
}

/**
 * Pass two of a calibration: dense attention, watched. Adds up the block mass (sum of the softmax entries / query
 * rows) of each head in its order, per bucket of timesteps.
 *
 * @throws CalibrationError when `generate` does not use the strategy, its runs differ, or orders do not fit the model.
 */
export async function measureMasses(options: MeasureMassesOptions): Promise<BlockMasses> {
  const { generate, orders, share = "secondHalf" } = options;
  const watcher = new ModelWatcher();
  let store: MassStore | undefined;
  let buckets: TimestepBuckets | undefined;
  try {
    await generate({
      name: "calibrate masks",
      async start(generation) {
        const { layers, heads, layout, timesteps } = await watcher.watch(generation);
        if (orders.length !== layers || orders.some((layer) => layer.length !== heads)) {
          throw new CalibrationError(
            `Expected orders for ${layers} layers x ${heads} heads but found ${orders.length} x ${orders[0]?.length ?? 0}`,
          );
        }
        const partition = partitionLayout(layout, PLAN_BLOCK_SIZE);
        const { blocks } = partition;
        buckets ??= bucketsFromTimesteps(timesteps, { share });
        store ??= await createMassStore(
          { buckets: buckets.steps.length, layers, heads, blocks },
          options.memoryLimitBytes,
        );
        const [masses, ranges] = [store, buckets];
        const rows = Float64Array.from({ length: blocks }, (_, block) =>
          blockLength(partition, block),
        );
        return {
          before: () => "compute",
          async attend({ layer, timestep }, front) {
            const bucket = bucketOf(ranges, timestep);
            const operands = front.operands({ orders: orders[layer]! });
            const { output, logSumExp } = front.backend.attention({
              operands,
              returnLogSumExp: true,
            });
            const statistics = front.backend.blockStatistics({
              operands,
              logSumExp: logSumExp!,
              epsilon: DEFAULT_EPSILON,
            });
            await forEachHead({ backend: front.backend, statistics }, ({ head, sum }) =>
              masses.add(
                { bucket, layer, head },
                sum.map((total, tile) => total / rows[Math.floor(tile / blocks)]!),
              ),
            );
            return output;
          },
          report: () => ({ strategy: "calibrate", density: 1 }),
          dispose() {},
        };
      },
    });
    const { model } = watcher;
    return { model, orders, buckets: buckets!, source: store!, close: () => store!.close() };
  } catch (error) {
    await store?.close();
    throw error;
  }
}
