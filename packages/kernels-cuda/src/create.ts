import { type Backend, InvalidArgumentError, ScopeState } from "@paroattn/backend";
import { CudaBackendError } from "./errors.js";
import { Issuer } from "./issuer.js";
import { loadNative } from "./load/load-native.js";
import type { MemoryReport, NativeModule, NativeView } from "./native.js";
import { Root } from "./root.js";
import { CudaView } from "./view.js";

export interface CudaBackendOptions {
  /** Which GPU, as the driver counts them. Default: 0. */
  readonly device?: number;
  /** Bytes that the backend may hold on the device, with what it keeps for reuse. Default: whatever the device gives. */
  readonly memoryLimit?: number;
}

/** A backend on a GPU. */
export interface CudaBackend extends Backend {
  /** What the backend holds on the device now, and the most that it held. */
  memory(): MemoryReport;
}

/**
 * A backend on an NVIDIA GPU, with a command stream of its own: operators are enqueued at the call and return at once.
 * Any number of backends may live side by side, on one GPU or on several.
 *
 * An error that breaks the device (such as an illegal address) breaks every backend of the process on it: all further
 * calls throw one `CudaBackendError`. Dispose of them and create a new one, which resets the device.
 *
 * @throws CudaBackendError if the addon does not load, or the device cannot be had: no driver or an old one, no such
 * device, an architecture before compute capability 8.0.
 * @throws InvalidArgumentError for a device or a memory limit that is not a number of the right kind.
 *
 * @example
 * const backend = createCudaBackend();
 * backend.description; // "cuda (NVIDIA H200, compute capability 9.0)"
 */
export function createCudaBackend(options: CudaBackendOptions = {}): CudaBackend {
  const { device = 0, memoryLimit } = options;
  checkNumber("device", device, 0);
  if (memoryLimit !== undefined) checkNumber("memoryLimit", memoryLimit, 1);
  const native = loadNative();
  const view = createRoot(native, device, memoryLimit ?? 0);
  const root = new Root({ native, view });
  const issuer = new Issuer({ root, view, scope: ScopeState.root() });
  return new CudaView(issuer, () => {
    root.rowTables.dispose();
    native.close(view);
  });
}

function createRoot(native: NativeModule, device: number, memoryLimit: number): NativeView {
  try {
    return native.createRoot(device, memoryLimit);
  } catch (error) {
    throw new CudaBackendError(error instanceof Error ? error.message : String(error));
  }
}

function checkNumber(argument: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InvalidArgumentError({
    operator: "createCudaBackend",
    argument,
    expected: `to be a whole number of at least ${least}`,
    found: String(value),
  });
}
