import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CudaBackendError } from "../errors.js";
import type { NativeModule } from "../native.js";

const require = createRequire(import.meta.url);
const ADDON = join("build", "Release", "paroattn_cuda.node");

/**
 * Loads the addon: the local build of this package, wherever below its folder this file stands (src/ or dist/).
 * `PAROATTN_CUDA_ADDON` names another file instead.
 *
 * @throws CudaBackendError that lists every attempt and what to do.
 */
export function loadNative(): NativeModule {
  const file = process.env.PAROATTN_CUDA_ADDON || join(packageFolder(), ADDON);
  if (!existsSync(file)) throw missing(`${file}: no such file`);
  try {
    return require(file) as NativeModule;
  } catch (error) {
    throw missing(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function missing(attempt: string): CudaBackendError {
  return new CudaBackendError(
    [
      "Expected the native addon of @paroattn/kernels-cuda but found none that loads:",
      `  ${attempt}`,
      "What to do:",
      "  build it in the repository, where nvcc of CUDA 13 is on the path: npx pnpm@10.34.9 --filter @paroattn/kernels-cuda build",
    ].join("\n"),
  );
}

/** The nearest folder above this file with a package.json. */
function packageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folder;
  }
}
