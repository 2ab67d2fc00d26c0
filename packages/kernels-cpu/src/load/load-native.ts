import { createRequire } from "node:module";
import { CpuBackendError } from "../errors.js";
import type { NativeModule } from "../native.js";
import { candidates, platform, platformPackage } from "./candidates.js";
import { explainLoadError } from "./explain.js";
import { ownPackage } from "./own-package.js";
import { probe } from "./probe.js";
import { withShortWaits } from "./short-waits.js";

const require = createRequire(import.meta.url);

/**
 * Loads the addon: the local build of this package, else the platform package that was installed along. Each is tried in a
 * child process when it is new on this machine. `PAROATTN_CPU_ADDON` names another file instead, such as a sanitized build.
 *
 * @throws CpuBackendError that lists every attempt and what to do.
 */
export function loadNative(): NativeModule {
  const attempts: string[] = [];
  for (const candidate of candidates()) {
    if ("problem" in candidate) {
      attempts.push(`${candidate.place}: ${candidate.problem}`);
      continue;
    }
    const { file } = candidate;
    const problem = probe(file);
    if (problem !== undefined) {
      attempts.push(`${file}: ${problem}`);
      continue;
    }
    try {
      return withShortWaits(() => require(file) as NativeModule);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      attempts.push(`${file}: ${explainLoadError(message)}`);
    }
  }
  throw new CpuBackendError(
    [
      "Expected the native addon of @paroattn/kernels-cpu but found none that loads:",
      ...attempts.map((attempt) => `  ${attempt}`),
      "What to do:",
      ...whatToDo().map((remedy) => `  ${remedy}`),
    ].join("\n"),
  );
}

function whatToDo(): string[] {
  const { platformPackages } = ownPackage();
  const version = platformPackages[platformPackage];
  const served = Object.keys(platformPackages)
    .map((name) => name.slice("@paroattn/kernels-cpu-".length))
    .join(", ");
  return [
    ...(process.env.PAROATTN_CPU_ADDON
      ? ["unset PAROATTN_CPU_ADDON: no other place is looked at while it is set"]
      : []),
    version === undefined
      ? `there is no binary for ${platform}, only for ${served}`
      : `install the binary for ${platform} (glibc), which --omit=optional or a lock file of another platform leaves out: npm install ${platformPackage}${/^\d/.test(version) ? `@${version}` : ""}`,
    "or build it in the repository: npx pnpm@10.34.9 --filter @paroattn/kernels-cpu build",
    "the build needs the packages of Debian 12 g++ cmake make libdnnl-dev libhwy-dev ocl-icd-opencl-dev",
  ];
}
