import { createHash } from "node:crypto";
import type { TensorSource } from "@paroattn/tensor";

/**
 * SHA-256 over the tensors sorted by name: name, dtype, shape and bytes. It does not depend on how they are
 * spread over files; an fp16 copy has another one.
 */
export async function fingerprintWeights(source: TensorSource): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [...source.names].sort()) {
    const { dtype, shape, data } = await source.read(name);
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
