import { readFile, stat } from "node:fs/promises";
import { describe, quote, SafetensorsError } from "../errors.js";
import { unreadable } from "../safetensors/byte-source.js";
import { MAX_HEADER_BYTES } from "../safetensors/header.js";

/**
 * Reads `*.safetensors.index.json`: tensor name to file name.
 *
 * @throws SafetensorsError if it is not JSON with a `weight_map`, or names files outside its folder.
 */
export async function readShardIndex(path: string): Promise<ReadonlyMap<string, string>> {
  const index = parse(await readText(path), path);
  const map = isObject(index) ? index.weight_map : undefined;
  if (!isObject(map)) {
    throw new SafetensorsError({
      expected: "an object weight_map",
      found: isObject(index) ? describe(map) : describe(index),
      path,
    });
  }
  const weights = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file)) {
      throw new SafetensorsError({
        expected: "the name of a .safetensors file beside the index",
        found: describe(file),
        tensor,
        path,
      });
    }
    weights.set(tensor, file);
  }
  return weights;
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_HEADER_BYTES) return await readFile(path, "utf8");
    throw new SafetensorsError({
      expected: `an index of at most ${MAX_HEADER_BYTES} bytes`,
      found: `${size} bytes`,
      path,
    });
  } catch (error) {
    throw SafetensorsError.isInstance(error) ? error : unreadable(path, error);
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError({
      expected: "an index in JSON",
      found: text.length === 0 ? "an empty file" : quote(text),
      path,
      cause,
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
