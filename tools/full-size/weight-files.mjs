// How a checkpoint's tensors are spread over files, as transformers and diffusers do it.
import { bytesOf } from "./tensors.mjs";

/** Bytes of a file at most. */
const SHARD = 5e9;

/**
 * One component as files of at most 5 GB each (or one tensor), and their index where there are several.
 *
 * @param {{ folder: string, baseName: string, tensors: Map<string, import("./tensors.mjs").RandomTensor> }} component
 * @returns {{ files: { path: string, tensors: Map<string, import("./tensors.mjs").RandomTensor> }[],
 *   index?: { path: string, value: object } }}
 */
export function weightFiles({ folder, baseName, tensors }) {
  const shards = [new Map()];
  let bytes = 0;
  for (const [name, tensor] of tensors) {
    const more = bytesOf(new Map([[name, tensor]]));
    if (bytes > 0 && bytes + more > SHARD) {
      shards.push(new Map());
      bytes = 0;
    }
    shards.at(-1).set(name, tensor);
    bytes += more;
  }
  if (shards.length === 1) {
    return { files: [{ path: `${folder}/${baseName}.safetensors`, tensors }] };
  }
  const digits = (number) => String(number).padStart(5, "0");
  const nameOf = (index) =>
    `${baseName}-${digits(index + 1)}-of-${digits(shards.length)}.safetensors`;
  const weight_map = Object.fromEntries(
    shards.flatMap((shard, index) => [...shard.keys()].map((name) => [name, nameOf(index)])),
  );
  return {
    files: shards.map((shard, index) => ({ path: `${folder}/${nameOf(index)}`, tensors: shard })),
    index: {
      path: `${folder}/${baseName}.safetensors.index.json`,
      value: { metadata: { total_size: bytesOf(tensors) }, weight_map },
    },
  };
}
