import { join } from "node:path";
import { SafetensorsError } from "../errors.js";
import { openSafetensors } from "../safetensors/open.js";
import type { TensorSource } from "../safetensors/source.js";
import { findCheckpoint } from "./find.js";
import { openSharded } from "./sharded.js";

export interface OpenCheckpointOptions {
  /** What the files' names begin with: "diffusion_pytorch_model" in diffusers, "model" in transformers. */
  readonly baseName: string;
  /** Which copy of the weights to take, such as "fp16". Default: the plain one, or the only one there is. */
  readonly variant?: string;
}

/**
 * Opens the weights of one component of a diffusers or transformers folder, whether they are one file or shards
 * with an index. Only headers are read.
 *
 * @throws SafetensorsError naming the folder, the shard or the tensor that is missing or damaged.
 */
export async function openCheckpoint(
  folder: string,
  options: OpenCheckpointOptions,
): Promise<TensorSource> {
  const { file, sharded } = await findCheckpoint({ folder, ...options }).catch((error: unknown) => {
    throw SafetensorsError.isInstance(error) ? error.at(folder) : error;
  });
  return sharded ? openSharded(folder, file) : openSafetensors(join(folder, file));
}
