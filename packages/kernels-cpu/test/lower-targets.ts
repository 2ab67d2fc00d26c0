import type { CpuTarget } from "../src/native.js";

/** From the least able to the most. */
const byCapability = ["scalar", "avx2", "avx512"] as const satisfies readonly CpuTarget[];

/** Whether a machine whose best target is `best` can run `target`. */
export function canRun(best: CpuTarget, target: CpuTarget): boolean {
  return byCapability.indexOf(target) <= byCapability.indexOf(best);
}

/** The targets below a machine's best one; on a scalar machine that one, so that there is always something to run. */
export function lowerTargets(best: CpuTarget): readonly CpuTarget[] {
  return byCapability.filter(
    (target) => target === "scalar" || (target !== best && canRun(best, target)),
  );
}
