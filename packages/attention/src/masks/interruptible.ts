import { setImmediate } from "node:timers/promises";
import type { BlockMassSource } from "@paroattn/sparse-masks";

/** Lets Ctrl-C and other work have their turn between two heads. Throws the signal's reason once it is aborted. */
export function interruptible(source: BlockMassSource, signal?: AbortSignal): BlockMassSource {
  return {
    ...source,
    async read(address) {
      await setImmediate();
      signal?.throwIfAborted();
      return source.read(address);
    },
  };
}
