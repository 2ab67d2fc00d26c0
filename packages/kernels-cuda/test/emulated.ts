// Import this first: the tests run on the addon that is built for the emulator, unless a variable names another one.
import { join } from "node:path";

const packageFolder = join(import.meta.dirname, "..");

/** The addon for the emulator, which needs no GPU. */
export const EMULATED = join(packageFolder, "build/emulated/Release/paroattn_cuda.node");
/** The addon for a GPU; built only where there is nvcc. */
export const REAL = join(packageFolder, "build/Release/paroattn_cuda.node");

process.env.PAROATTN_CUDA_ADDON ??= EMULATED;
