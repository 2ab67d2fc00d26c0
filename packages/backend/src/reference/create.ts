import type { Backend } from "../backend.js";
import { ReferenceView } from "./view.js";

/**
 * The oracle: every operator as its formula says, in plain TypeScript, accumulated in float64 and stored as f32.
 * Slow and needs nothing but JavaScript. Attention in f16, bf16, int8 and int4 is simulated; fp8 is an `UnsupportedError`.
 *
 * @example
 * const backend = createReferenceBackend();
 * const sum = backend.add({ a: backend.upload(a), b: backend.upload(b) });
 * const { data } = await backend.read(sum);
 */
export function createReferenceBackend(): Backend {
  return ReferenceView.root();
}
