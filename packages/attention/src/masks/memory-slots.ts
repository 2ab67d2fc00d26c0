import type { Slots } from "./slots.js";

/** Slots in memory. */
export class MemorySlots implements Slots {
  readonly #values: Float32Array;
  readonly #slotLength: number;

  constructor(options: { readonly slots: number; readonly slotLength: number }) {
    this.#slotLength = options.slotLength;
    this.#values = new Float32Array(options.slots * options.slotLength);
  }

  read(slot: number): Float32Array {
    const start = slot * this.#slotLength;
    return this.#values.subarray(start, start + this.#slotLength);
  }

  write(slot: number, values: Float32Array): void {
    this.#values.set(values, slot * this.#slotLength);
  }

  dispose(): void {}
}
