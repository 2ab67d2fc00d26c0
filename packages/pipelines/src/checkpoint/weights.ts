import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Tensor, TensorSource } from "@paroattn/tensor";
import { expected, PipelineError } from "../errors.js";
import { findNonFinite } from "./finite.js";
import type { StoredNames } from "./weight-spec.js";

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
 * @throws PipelineError for a weight with a NaN or an infinity; SafetensorsError for one that cannot be read.
 */
export async function uploadWeights(options: {
  readonly source: TensorSource;
  readonly stored: StoredNames;
  readonly backend: Backend;
  readonly signal?: AbortSignal;
}): Promise<Weights> {
  const { source, stored, backend, signal } = options;
  const tensors = new Map<string, DeviceTensor>();
  try {
    for (const [name, storedName] of stored) {
      signal?.throwIfAborted();
      const tensor = await source.read(storedName);
      refuseNonFinite({ tensor, name: storedName, path: source.info(storedName).path });
      tensors.set(name, backend.upload(tensor));
    }
    await backend.flush();
  } catch (error) {
    createWeights(tensors).dispose();
    throw error;
  }
  return createWeights(tensors);
}

function refuseNonFinite(options: { tensor: Tensor; name: string; path: string }): void {
  const index = findNonFinite(options.tensor);
  if (index < 0) return;
  throw expected({
    expected: `finite numbers in tensor "${options.name}"`,
    found: `NaN or an infinity at element ${index}`,
    where: options.path,
  });
}
