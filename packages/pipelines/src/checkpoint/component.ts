import type { Backend } from "@paroattn/backend";
import { openCheckpoint } from "@paroattn/tensor";
import { fingerprintWeights } from "./fingerprint.js";
import type { Watch } from "./watch.js";
import { matchWeights, storedBytes, type WeightNames, type WeightSpec } from "./weight-spec.js";
import { uploadWeights, type Weights } from "./weights.js";

export interface ComponentOptions<T> {
  /** Folder of the weights. */
  readonly folder: string;
  /** What the files' names begin with. */
  readonly baseName: string;
  /** Which copy of the weights to take, such as "fp16". */
  readonly variant?: string;
  readonly spec: WeightSpec;
  readonly names?: WeightNames;
  readonly backend: Backend;
  /** Makes the model of its weights. */
  readonly create: (weights: Weights) => T;
}

/** One model of a checkpoint, with its weights on the device only while they are wanted. */
export interface Component<T> {
  /** Size of the weights. */
  readonly bytes: number;
  /** Loads the weights and holds them until `dispose`. If it fails or is stopped, nothing is held. */
  load(watch?: Watch): Promise<void>;
  /**
   * Runs a task with the model; the weights are there until it ends. Tasks may overlap and share the weights. The
   * watch is for their loading, where they are not there yet.
   */
  use<R>(task: (model: T) => Promise<R>, watch?: Watch): Promise<R>;
  /** SHA-256 of the weights as they are on disk; remembered once it is known. */
  fingerprint(watch?: Watch): Promise<string>;
  dispose(): void;
}

/**
 * Opens a component: its file's header is checked against the spec, nothing is loaded.
 *
 * @throws PipelineError or SafetensorsError for weights that are missing, too many or of another shape. Those that are
 * not finite are found when they are loaded.
 */
export async function openComponent<T>(options: ComponentOptions<T>): Promise<Component<T>> {
  const { source, stored } = await openMatched(options);
  await using _ = source;
  return createComponent(options, storedBytes(source, stored));
}

async function openMatched<T>({ folder, baseName, variant, spec, names }: ComponentOptions<T>) {
  const source = await openCheckpoint(folder, { baseName, ...(variant && { variant }) });
  try {
    return { source, stored: matchWeights({ source, spec, ...(names && { names }) }) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function createComponent<T>(options: ComponentOptions<T>, bytes: number): Component<T> {
  const { backend, create } = options;
  const load = async (watch: Watch) => {
    const { source, stored } = await openMatched(options);
    await using _ = source;
    const weights = await uploadWeights({ ...watch, source, stored, backend });
    return { weights, model: create(weights) };
  };
  const begin = () => {
    const stop = new AbortController();
    const watchers = new Set<NonNullable<Watch["onBytes"]>>();
    const onBytes = (done: number, total: number) => {
      for (const tell of watchers) tell(done, total);
    };
    return { stop, watchers, done: load({ signal: stop.signal, onBytes }) };
  };
  let loading: ReturnType<typeof begin> | undefined;
  let held = false;
  let users = 0;
  let hash: string | undefined;
  const drop = () => {
    loading?.stop.abort();
    loading?.done.then(
      ({ weights }) => weights.dispose(),
      () => {},
    );
    loading = undefined;
  };
  const use: Component<T>["use"] = async (task, { signal, onBytes } = {}) => {
    users += 1;
    loading ??= begin();
    const { done, watchers } = loading;
    if (onBytes !== undefined) watchers.add(onBytes);
    try {
      done.catch(() => {
        if (loading?.done === done) loading = undefined;
      });
      const { model } = await unlessAborted(done, signal);
      return await task(model);
    } finally {
      if (onBytes !== undefined) watchers.delete(onBytes);
      users -= 1;
      if (users === 0 && !held) drop();
    }
  };
  return {
    bytes,
    use,
    load: (watch) =>
      use(async () => {
        held = true;
      }, watch),
    async fingerprint(watch) {
      if (hash !== undefined) return hash;
      const { source } = await openMatched(options);
      await using _ = source;
      hash = await fingerprintWeights(source, watch);
      return hash;
    },
    dispose: drop,
  };
}

/** Waits for the promise or for the signal, whichever comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
