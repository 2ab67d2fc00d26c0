import { partitionLayout } from "@paroattn/reorder";
import {
  type BlockMask,
  bytesPerHead,
  globalThreshold,
  maskFromThreshold,
  scheduleDensity,
} from "@paroattn/sparse-masks";
import packageJson from "../../package.json" with { type: "json" };
import { PLAN_BLOCK_SIZE, type Plan } from "../plan/plan.js";
import type { BlockMasses } from "./measure-masses.js";

export interface PlanFromMassesOptions {
  readonly masses: BlockMasses;
  /** Share of all valid query-key pairs to compute, in (0, 1]. */
  readonly density: number;
  readonly selection: Plan["selection"];
  readonly calibration: Plan["calibration"];
}

/**
 * Cuts masks from measured masses by the global budget: one threshold over all buckets, layers and heads, so that
 * easy heads pay for hard ones. Measured masses serve any number of densities.
 *
 * @throws SparseMaskError for a density outside (0, 1] or below what the text and one key block per row need.
 */
export async function planFromMasses(options: PlanFromMassesOptions): Promise<Plan> {
  const { masses, density, selection, calibration } = options;
  const { model, orders, buckets, source } = masses;
  const { architecture, weightsFingerprint, layout, layers, heads } = model;
  const partition = partitionLayout(layout, PLAN_BLOCK_SIZE);
  const { blocks } = partition;
  const bucketSteps = buckets.steps;
  const threshold = await globalThreshold({ source, partition, density, bucketSteps });
  const layerBytes = heads * bytesPerHead({ queryBlocks: blocks, keyBlocks: blocks });
  const packed = new Uint8Array(bucketSteps.length * layers * layerBytes);
  const masks: BlockMask[][] = [];
  for (let bucket = 0; bucket < bucketSteps.length; bucket++) {
    const row: BlockMask[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const mask = await maskFromThreshold({ source, partition, threshold, bucket, layer });
      packed.set(mask.bits, (bucket * layers + layer) * layerBytes);
      row.push(mask);
    }
    masks.push(row);
  }
  return {
    architecture,
    weightsFingerprint,
    layout,
    layers,
    heads,
    orders,
    buckets,
    masks: packed,
    blocks,
    criterion: "globalBudget",
    density: { asked: density, met: scheduleDensity({ masks, partition, bucketSteps }) },
    precision: { qk: "f32", pv: "f32" },
    selection,
    calibration,
    packages: { [packageJson.name]: packageJson.version },
  };
}
