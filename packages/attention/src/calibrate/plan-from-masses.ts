import { partitionLayout } from "@paroattn/reorder";
import { makeMaskSchedule } from "@paroattn/sparse-masks";
import { interruptible } from "../masks/interruptible.js";
import { packageVersions } from "../package-versions.js";
import type { Plan } from "../plan/plan.js";
import type { MassSumming } from "./sum-masses.js";

/** The plan for one density, from block masses. Throws a `SparseMaskError` for a density below what must be kept. */
export async function planFromMasses(
  options: Pick<Plan, "calibration" | "scoring"> & {
    readonly summing: MassSumming;
    readonly density: number;
    readonly textOnlyShare: number | undefined;
    readonly packages?: Plan["packages"] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Plan> {
  const { summing, density, textOnlyShare, calibration, scoring } = options;
  const { architecture, weightsFingerprint, layers, heads, layout } = summing.subject();
  const partition = partitionLayout(layout);
  const schedule = await makeMaskSchedule({
    source: interruptible(summing.masses(), options.signal),
    partition,
    criterion: { kind: "globalBudget", density },
    buckets: summing.buckets(),
    textOnlyShare,
  });
  const { threshold, tieShare, floor, ...recognised } = schedule.globalThreshold!;
  return {
    architecture,
    weightsFingerprint,
    layers,
    heads,
    layout,
    blockSize: partition.blockSize,
    buckets: schedule.buckets,
    orders: summing.orders().map((layer) => [...layer]),
    masks: joined(schedule.masks.flat().map(({ bits }) => bits)),
    criterion: {
      kind: "globalBudget",
      threshold,
      tieShare,
      floor,
      ...(recognised.textOnlyShare !== undefined && { textOnlyShare: recognised.textOnlyShare }),
    },
    density: { asked: density, met: schedule.density },
    precision: { qk: "f32", pv: "f32" },
    scoring,
    calibration,
    packages: { ...(await packageVersions()), ...options.packages },
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
