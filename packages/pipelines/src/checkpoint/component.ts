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
}

/** One model of a checkpoint, with its weights on the device only while they are wanted. */
export interface Component<T> {
  /** Loads the weights if they are not there; several calls at once load them once. */
  use(signal?: AbortSignal): Promise<T>;
  /** Frees the weights after use, unless they are to be kept. */
  release(): void;
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
  const { folder, spec, names, backend, create, keep } = options;
  const open = async () => {
    const { baseName, variant } = options;
    const source = await openCheckpoint(folder, { baseName, ...(variant && { variant }) });
    try {
      return { source, stored: matchWeights({ source, spec, ...(names && { names }) }) };
    } catch (error) {
      await source.close();
      throw error;
    }
  };
  const load = async (signal?: AbortSignal) => {
    const { source, stored } = await open();
    await using _ = source;
    const weights = await uploadWeights({ source, stored, backend, ...(signal && { signal }) });
    return { weights, model: create(weights) };
  };

  let loaded: ReturnType<typeof load> | undefined;
  let hash: Promise<string> | undefined;
  const drop = () => {
    loaded?.then(({ weights }) => weights.dispose()).catch(() => {});
    loaded = undefined;
  };
  const component: Component<T> = {
    async use(signal) {
      loaded ??= load(signal);
      const mine = loaded;
      try {
        return (await mine).model;
      } catch (error) {
        if (loaded === mine) loaded = undefined;
        throw error;
      }
    },
    release() {
      if (!keep) drop();
    },
    fingerprint() {
      hash ??= open().then(async ({ source }) => {
        await using _ = source;
        return await fingerprintWeights(source);
      });
      return hash;
    },
    dispose: drop,
  };
  if (keep) await component.use();
  else await (await open()).source.close();
  return component;
}
