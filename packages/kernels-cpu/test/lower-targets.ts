import { loadNative } from "../src/load/load-native.js";
import type { CpuTarget } from "../src/native.js";

/** The machine's targets without its best one; on a scalar machine that one, so that there is always something to run. */
export function lowerTargets(): readonly CpuTarget[] {
  const targets = loadNative().machineTargets();
  return targets.length > 1 ? targets.slice(0, -1) : targets;
}
