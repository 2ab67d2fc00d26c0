import type { BlockMassSource } from "@paroattn/sparse-masks";
import { CalibrationError } from "../errors.js";
import { MemorySlots } from "./memory-slots.js";
import { ScratchFile } from "./scratch-file.js";
import type { Slots } from "./slots.js";

/** Bytes of block masses that are kept in memory where nothing else is asked for: 256 MiB. */
export const DEFAULT_MEMORY_LIMIT = 256 * 1024 * 1024;

export interface MassStoreOptions {
  readonly buckets: number;
  readonly layers: number;
  readonly heads: number;
  readonly blocks: number;
  /** Up to so many bytes are kept in memory, more in a scratch file. */
  readonly memoryLimit: number;
  /** Where the scratch file goes. */
  readonly scratchFolder: string;
}

/** Block masses added up over prompts, steps and guidance branches: [buckets, layers, heads, blocks, blocks]. */
export class MassStore {
  readonly #options: MassStoreOptions;
  readonly #slots: Slots;
  /** [buckets, layers]: batch rows that were added. */
  readonly #rows: Float64Array;

  constructor(options: MassStoreOptions) {
    const { buckets, layers, heads, blocks, memoryLimit, scratchFolder } = options;
    const shape = { slots: buckets * layers * heads, slotLength: blocks * blocks };
    const bytes = shape.slots * shape.slotLength * Float32Array.BYTES_PER_ELEMENT;
    this.#options = options;
    this.#rows = new Float64Array(buckets * layers);
    this.#slots =
      bytes <= memoryLimit
        ? new MemorySlots(shape)
        : new ScratchFile({ ...shape, folder: scratchFolder });
  }

  /** Adds the masses of one site, [batch, heads, blocks, blocks]. */
  add(at: { readonly bucket: number; readonly layer: number }, masses: Float32Array): void {
    const { layers, heads, blocks } = this.#options;
    const size = blocks * blocks;
    const place = at.bucket * layers + at.layer;
    const rows = masses.length / (heads * size);
    for (let head = 0; head < heads; head++) {
      const slot = place * heads + head;
      const sum = this.#slots.read(slot);
      for (let row = 0; row < rows; row++) {
        const start = (row * heads + head) * size;
        for (let block = 0; block < size; block++) sum[block]! += masses[start + block]!;
      }
      this.#slots.write(slot, sum);
    }
    this.#rows[place]! += rows;
  }

  /** The averages. Throws a `CalibrationError` where a layer was not seen in a bucket. */
  averages(): BlockMassSource {
    const { buckets, layers, heads } = this.#options;
    const missing = this.#rows.indexOf(0);
    if (missing !== -1) {
      throw new CalibrationError({
        expected: "attention in every layer and timestep bucket",
        found: `none in layer ${missing % layers}, bucket ${Math.floor(missing / layers)}`,
      });
    }
    return {
      buckets,
      layers,
      heads,
      read: ({ bucket, layer, head }) => {
        const place = bucket * layers + layer;
        const rows = this.#rows[place]!;
        return this.#slots.read(place * heads + head).map((sum) => sum / rows);
      },
    };
  }

  dispose(): void {
    this.#slots.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
