import { availableParallelism } from "node:os";
import { type Backend, InvalidArgumentError, ScopeState } from "@paroattn/backend";
import { Issuer } from "./issuer.js";
import { loadRuntime } from "./load/runtime.js";
import { Root } from "./root.js";
import { CpuView } from "./view.js";

export interface CpuBackendOptions {
  /** Threads that share the work of an operator, beside JavaScript's. Default: the machine's available parallelism. */
  readonly threads?: number;
}

const MOST_THREADS = 1024;

/**
 * A backend on the CPU, with a command stream of its own: operators return at once and run in order on other threads.
 * Any number of backends may live side by side.
 *
 * @throws CpuBackendError if the native addon does not load.
 * @throws InvalidArgumentError for a number of threads that is not a whole number in 1..1024.
 *
 * @example
 * const backend = createCpuBackend({ threads: 2 });
 * backend.description; // "cpu (AVX-512, 2 threads)"
 */
export function createCpuBackend(options: CpuBackendOptions = {}): Backend {
  const { threads = availableParallelism() } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new InvalidArgumentError({
      operator: "createCpuBackend",
      argument: "threads",
      expected: `to be a whole number in 1..${MOST_THREADS}`,
      found: String(threads),
    });
  }
  const { native, target } = loadRuntime();
  const root = new Root({ native, target, threads });
  const view = native.createRoot(threads);
  const issuer = new Issuer({ root, view, scope: ScopeState.root() });
  return new CpuView(issuer, () => native.close(view));
}
