import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { TensorSource } from "@paroattn/tensor";
import { expected, PipelineError } from "../errors.js";
import { findNonFinite } from "./finite.js";
import type { Watch } from "./watch.js";
import { type StoredNames, storedBytes } from "./weight-spec.js";

/** A component's weights on the device, in the dtype they are stored in. */
export interface Weights {
  /** @throws PipelineError if there is no such weight: the spec and the model disagree. */
  get(name: string): DeviceTensor;
  has(name: string): boolean;
  /** The weights whose names begin with the prefix and a dot, under the rest of their names. */
  within(prefix: string): Weights;
  /** Frees the device memory. */
  dispose(): void;
}

/** Weights over a map of device tensors. */
export function createWeights(tensors: ReadonlyMap<string, DeviceTensor>, prefix = ""): Weights {
  return {
    get(name) {
      const tensor = tensors.get(prefix + name);
      if (tensor === undefined) throw new PipelineError(`There is no weight "${prefix}${name}"`);
      return tensor;
    },
    has: (name) => tensors.has(prefix + name),
    within: (name) => createWeights(tensors, `${prefix}${name}.`),
    dispose() {
      for (const tensor of tensors.values()) tensor.dispose();
    },
  };
}

/**
 * Reads and uploads matched weights, one after the other, so that no more than one is on the host at a time.
 *
 * @throws PipelineError for a weight with a NaN or an infinity; SafetensorsError for one that cannot be read; the
 * signal's reason.
 */
export async function uploadWeights(
  options: Watch & {
    readonly source: TensorSource;
    readonly stored: StoredNames;
    readonly backend: Backend;
  },
): Promise<Weights> {
  const { source, stored, backend, signal, onBytes } = options;
  const tensors = new Map<string, DeviceTensor>();
  const total = storedBytes(source, stored);
  let done = 0;
  try {
    for (const [name, storedName] of stored) {
      signal?.throwIfAborted();
      const { path, byteLength } = source.info(storedName);
      const tensor = await source.read(storedName, { ...(signal && { signal }) });
      const index = await findNonFinite(tensor, signal);
      if (index >= 0) throw nonFinite({ index, name: storedName, path });
      signal?.throwIfAborted();
      tensors.set(name, backend.upload(tensor));
      done += byteLength;
      onBytes?.(done, total);
    }
    await backend.flush();
  } catch (error) {
    createWeights(tensors).dispose();
    throw error;
  }
  return createWeights(tensors);
}

function nonFinite(options: { index: number; name: string; path: string }): Error {
  return expected({
    expected: `finite numbers in tensor "${options.name}"`,
    found: `NaN or an infinity at element ${options.index}`,
    where: options.path,
  });
}
