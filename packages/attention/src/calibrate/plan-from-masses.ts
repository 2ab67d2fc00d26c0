import { partitionLayout } from "@paroattn/reorder";
import { type MaskSchedule, makeMaskSchedule } from "@paroattn/sparse-masks";
import { type CriterionKind, criterionForDensity } from "../masks/criterion-for-density.js";
import { interruptible } from "../masks/interruptible.js";
import { packageVersions } from "../package-versions.js";
import type { Plan, PlanCriterion } from "../plan/plan.js";
import type { MassSumming } from "./sum-masses.js";

/** The plan for one density, from block masses. Throws a `SparseMaskError` for a density below what must be kept. */
export async function planFromMasses(
  options: Pick<Plan, "calibration" | "scoring"> & {
    readonly summing: MassSumming;
    readonly criterion: CriterionKind;
    readonly density: number;
    readonly textOnlyShare: number | undefined;
    readonly packages?: Plan["packages"] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Plan> {
  const { summing, density, textOnlyShare, calibration, scoring } = options;
  const { architecture, weightsFingerprint, layers, heads, layout } = summing.subject();
  const partition = partitionLayout(layout);
  const source = interruptible(summing.masses(), options.signal);
  const given = { source, partition, density, buckets: summing.buckets(), textOnlyShare };
  const criterion = await criterionForDensity({ ...given, kind: options.criterion });
  const schedule = await makeMaskSchedule({ ...given, criterion });
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
      ...parametersOf(schedule),
      // At density 1 no head is told apart.
      ...(textOnlyShare !== undefined && density < 1 && { textOnlyShare }),
    },
    density: { asked: density, met: schedule.density },
    precision: { qk: "f32", pv: "f32" },
    scoring,
    calibration,
    packages: { ...(await packageVersions()), ...options.packages },
  };
}

/** What a plan tells of its criterion: all but the density, which stands beside it. */
function parametersOf({ criterion, globalThreshold }: MaskSchedule): PlanCriterion {
  switch (criterion.kind) {
    case "globalBudget": {
      const { threshold, tieShare, floor } = globalThreshold!;
      return { kind: criterion.kind, threshold, tieShare, floor };
    }
    case "headDensity":
      return { kind: criterion.kind };
    case "threshold":
    case "topP":
      return criterion;
  }
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
