import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TensorSource } from "@paroattn/tensor";
import type { Watch } from "./watch.js";

/** Bytes between two turns of the event loop: some tens of milliseconds. */
const PIECE = 16 * 1024 * 1024;

/**
 * SHA-256 over the tensors sorted by name: name, dtype, shape and bytes. It does not depend on how they are
 * spread over files; an fp16 copy has another one.
 */
export async function fingerprintWeights(
  source: TensorSource,
  { signal, onBytes }: Watch = {},
): Promise<string> {
  const hash = createHash("sha256");
  const total = source.names.reduce((sum, name) => sum + source.info(name).byteLength, 0);
  let done = 0;
  for (const name of [...source.names].sort()) {
    signal?.throwIfAborted();
    const { dtype, shape, data } = await source.read(name, { ...(signal && { signal }) });
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`);
    for (let start = 0; start < data.byteLength; start += PIECE) {
      if (start > 0) await nextTurn();
      signal?.throwIfAborted();
      const length = Math.min(PIECE, data.byteLength - start);
      hash.update(new Uint8Array(data.buffer, data.byteOffset + start, length));
    }
    done += data.byteLength;
    onBytes?.(done, total);
  }
  return hash.digest("hex");
}
