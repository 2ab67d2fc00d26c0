import { SafetensorsError } from "../errors.js";
import { type ByteSource, memorySource, openFile } from "./byte-source.js";
import { dataOffsetOf, LENGTH_BYTES, parseSafetensorsHeader } from "./header.js";
import { SafetensorsFile } from "./safetensors-file.js";
import type { TensorSource } from "./source.js";

/**
 * Opens a safetensors file and reads its header, nothing else. Files may be larger than memory.
 *
 * @throws SafetensorsError naming the path, what was expected and what was found.
 */
export async function openSafetensors(path: string): Promise<TensorSource> {
  return openSource(await openFile(path));
}

/**
 * The same for a file's bytes that are already in memory.
 *
 * @param options.name stands for the path in messages. Default: "bytes in memory".
 */
export async function openSafetensorsBytes(
  bytes: Uint8Array,
  options: { readonly name?: string } = {},
): Promise<TensorSource> {
  return openSource(memorySource(bytes, options.name ?? "bytes in memory"));
}

async function openSource(source: ByteSource): Promise<TensorSource> {
  try {
    const start = new Uint8Array(Math.min(LENGTH_BYTES, source.size));
    await source.readInto(start, { position: 0 });
    const bytes = new Uint8Array(dataOffsetOf(start, source.size));
    await source.readInto(bytes, { position: 0 });
    return new SafetensorsFile(source, parseSafetensorsHeader(bytes, source.size));
  } catch (error) {
    await source.close();
    if (SafetensorsError.isInstance(error)) throw error.at(source.path);
    throw error;
  }
}
