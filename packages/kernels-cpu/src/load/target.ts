import { CpuBackendError } from "../errors.js";
import type { CpuTarget, NativeModule } from "../native.js";

const VARIABLE = "PAROATTN_CPU_TARGET";
const names: Readonly<Record<CpuTarget, string>> = {
  scalar: "scalar",
  avx2: "AVX2",
  "avx2-vnni": "AVX2 with VNNI",
  avx512: "AVX-512",
  "avx512-vnni": "AVX-512 with VNNI",
};

/**
 * Chooses the instruction sets: the machine's best, or at most what `PAROATTN_CPU_TARGET` names.
 * Warns where none of the fast ones is used.
 *
 * @throws CpuBackendError for an unknown target, or one that the machine lacks.
 */
export function chooseTarget(native: NativeModule): CpuTarget {
  const wish = process.env[VARIABLE];
  if (wish !== undefined && wish !== "") {
    if (!isTarget(wish) || !native.limitTarget(wish)) {
      const targets = native.machineTargets().join(", ");
      throw new CpuBackendError(
        `Expected ${VARIABLE} to be a target of this machine (${targets}) but found ${wish}`,
      );
    }
  }
  const target = native.currentTarget();
  if (target === "scalar") {
    process.emitWarning(
      "the CPU backend runs without AVX2: its kernels are scalar and slow",
      "PerformanceWarning",
    );
  }
  return target;
}

/** "AVX-512" and so on, for people. */
export function targetName(target: CpuTarget): string {
  return names[target];
}

function isTarget(value: string): value is CpuTarget {
  return Object.hasOwn(names, value);
}
