import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CpuBackendError } from "../errors.js";
import type { NativeModule } from "../native.js";
import { withShortWaits } from "./short-waits.js";

const require = createRequire(import.meta.url);
const ADDON = join("build", "Release", "paroattn_cpu.node");

/**
 * Loads the addon: the local build of this package, wherever below its folder this file stands (src/ or dist/).
 * `PAROATTN_CPU_ADDON` names another file instead, such as a sanitized build.
 *
 * @throws CpuBackendError that lists every attempt and what to do.
 */
export function loadNative(): NativeModule {
  const attempts: string[] = [];
  for (const file of candidates()) {
    if (!existsSync(file)) {
      attempts.push(`${file}: no such file`);
      continue;
    }
    try {
      return withShortWaits(() => require(file) as NativeModule);
    } catch (error) {
      attempts.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new CpuBackendError(
    [
      "Expected the native addon of @paroattn/kernels-cpu but found none that loads:",
      ...attempts.map((attempt) => `  ${attempt}`),
      "What to do:",
      "  build it in the repository: npx pnpm@10.34.9 --filter @paroattn/kernels-cpu build",
      "  the build and the addon need the packages of Debian 12 g++ cmake make libdnnl-dev libhwy-dev ocl-icd-opencl-dev",
    ].join("\n"),
  );
}

function candidates(): readonly string[] {
  const chosen = process.env.PAROATTN_CPU_ADDON;
  return chosen ? [chosen] : [join(packageFolder(), ADDON)];
}

/** The nearest folder above this file with a package.json. */
function packageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folder;
  }
}
