import type { Backend } from "@paroattn/backend";
import { openCheckpoint } from "@paroattn/tensor";
import { fingerprintWeights } from "./fingerprint.js";
import { matchWeights, type WeightNames, type WeightSpec } from "./weight-spec.js";
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
  /** Whether the weights stay on the device once they are loaded. */
  readonly keep: boolean;
  readonly signal?: AbortSignal;
}

/** One model of a checkpoint, with its weights on the device only while they are wanted. */
export interface Component<T> {
  /** Runs a task with the model; the weights are there until it ends. Tasks may overlap and share the weights. */
  use<R>(task: (model: T) => Promise<R>, signal?: AbortSignal): Promise<R>;
  /** SHA-256 of the weights as they are on disk. */
  fingerprint(): Promise<string>;
  dispose(): void;
}

/**
 * Opens a component: its file's header is checked against the spec; with `keep` its weights are loaded at once.
 *
 * @throws PipelineError or SafetensorsError for weights that are missing, too many, of another shape, not finite.
 */
export async function openComponent<T>(options: ComponentOptions<T>): Promise<Component<T>> {
  const component = createComponent(options);
  if (options.keep) {
    await component.use(async () => {}, options.signal);
  } else {
    const { source } = await openMatched(options);
    await source.close();
  }
  return component;
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

function createComponent<T>(options: ComponentOptions<T>): Component<T> {
  const { backend, create, keep } = options;
  const load = async (signal: AbortSignal) => {
    const { source, stored } = await openMatched(options);
    await using _ = source;
    const weights = await uploadWeights({ source, stored, backend, signal });
    return { weights, model: create(weights) };
  };
  let loading: { stop: AbortController; done: ReturnType<typeof load> } | undefined;
  let users = 0;
  let hash: Promise<string> | undefined;
  const drop = () => {
    loading?.stop.abort();
    loading?.done.then(
      ({ weights }) => weights.dispose(),
      () => {},
    );
    loading = undefined;
  };
  return {
    async use(task, signal) {
      users += 1;
      try {
        if (loading === undefined) {
          const stop = new AbortController();
          loading = { stop, done: load(stop.signal) };
        }
        const { done } = loading;
        done.catch(() => {
          if (loading?.done === done) loading = undefined;
        });
        const { model } = await unlessAborted(done, signal);
        return await task(model);
      } finally {
        users -= 1;
        if (users === 0 && !keep) drop();
      }
    },
    fingerprint() {
      hash ??= openMatched(options).then(async ({ source }) => {
        await using _ = source;
        return await fingerprintWeights(source);
      });
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
