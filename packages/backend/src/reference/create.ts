import type { Backend } from "../backend.js";
import { ReferenceView } from "./view.js";

/**
 * The oracle: every operator as its formula says, in plain TypeScript, accumulated in float64 and stored as f32.
 * Slow and needs nothing but JavaScript. It executes attention in f32 only (`UnsupportedError` otherwise).
 *
 * @example
 * const backend = createReferenceBackend();
 * const sum = backend.add({ a: backend.upload(a), b: backend.upload(b) });
 * const { data } = await backend.read(sum);
 */
export function createReferenceBackend(): Backend {
  return ReferenceView.root();
}
