import { setImmediate } from "node:timers/promises";
import { partitionLayout } from "@paroattn/reorder";
import {
  type BlockMask,
  type BlockMassSource,
  globalThreshold,
  maskFromThreshold,
  scheduleDensity,
} from "@paroattn/sparse-masks";
import { packageVersions } from "../package-versions.js";
import type { Plan } from "../plan/plan.js";
import type { MassSumming } from "./sum-masses.js";

/** The plan for one density, from block masses. Throws a `SparseMaskError` for a density below what must be kept. */
export async function planFromMasses(
  options: Pick<Plan, "calibration" | "scoring"> & {
    readonly summing: MassSumming;
    readonly density: number;
    readonly packages?: Plan["packages"] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Plan> {
  const { summing, density, calibration, scoring } = options;
  const { architecture, weightsFingerprint, layers, heads, layout } = summing.subject();
  const buckets = summing.buckets();
  const source = interruptible(summing.masses(), options.signal);
  const partition = partitionLayout(layout);
  const bucketSteps = buckets.steps;
  const threshold = await globalThreshold({ source, partition, density, bucketSteps });
  const masks: BlockMask[][] = [];
  for (let bucket = 0; bucket < bucketSteps.length; bucket++) {
    const row: BlockMask[] = [];
    for (let layer = 0; layer < layers; layer++) {
      row.push(await maskFromThreshold({ source, partition, threshold, bucket, layer }));
    }
    masks.push(row);
  }
  return {
    architecture,
    weightsFingerprint,
    layers,
    heads,
    layout,
    blockSize: partition.blockSize,
    buckets,
    orders: summing.orders().map((layer) => [...layer]),
    masks: joined(masks.flat().map(({ bits }) => bits)),
    criterion: {
      kind: "globalBudget",
      threshold: threshold.threshold,
      tieShare: threshold.tieShare,
      floor: threshold.floor,
    },
    density: { asked: density, met: scheduleDensity({ masks, partition, bucketSteps }) },
    precision: { qk: "f32", pv: "f32" },
    scoring,
    calibration,
    packages: { ...(await packageVersions()), ...options.packages },
  };
}

/** Lets Ctrl-C and other work have their turn between two heads. Throws the signal's reason once it is aborted. */
function interruptible(source: BlockMassSource, signal?: AbortSignal): BlockMassSource {
  return {
    ...source,
    async read(address) {
      await setImmediate();
      signal?.throwIfAborted();
      return source.read(address);
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
