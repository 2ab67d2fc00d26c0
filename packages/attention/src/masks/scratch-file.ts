import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CalibrationError } from "../errors.js";
import type { Slots } from "./slots.js";

/**
 * Slots in a file that has no name: it is removed as soon as it is open, so that its space is given back when the process
 * ends, however it ends. (Windows refuses to remove an open file; there it goes with `dispose`.)
 *
 * Reads and writes are synchronous: they are a few megabytes beside an attention call over all tokens, and two
 * generations that add to one slot cannot get between each other's read and write.
 */
export class ScratchFile implements Slots {
  /** Holds nothing but the file. */
  readonly #folder: string;
  readonly #parent: string;
  readonly #file: number;
  readonly #buffer: Float32Array;

  /** Throws a `CalibrationError` naming the folder where the file cannot be made. */
  constructor(options: {
    readonly slots: number;
    readonly slotLength: number;
    readonly folder: string;
  }) {
    this.#buffer = new Float32Array(options.slotLength);
    this.#parent = options.folder;
    try {
      this.#folder = mkdtempSync(join(options.folder, "paroattn-"));
    } catch (cause) {
      throw unusable(options.folder, cause);
    }
    try {
      this.#file = openSync(join(this.#folder, "masses"), "wx+");
      ftruncateSync(this.#file, options.slots * this.#buffer.byteLength);
    } catch (cause) {
      this.#remove();
      throw unusable(options.folder, cause);
    }
    this.#remove();
  }

  read(slot: number): Float32Array {
    this.#transfer(slot, readSync);
    return this.#buffer;
  }

  write(slot: number, values: Float32Array): void {
    if (values !== this.#buffer) this.#buffer.set(values);
    try {
      this.#transfer(slot, writeSync);
    } catch (cause) {
      throw unusable(this.#parent, cause);
    }
  }

  dispose(): void {
    closeSync(this.#file);
    this.#remove();
  }

  /** One call may move less than it was asked to. */
  #transfer(slot: number, move: Move): void {
    const bytes = new Uint8Array(this.#buffer.buffer);
    for (let at = 0; at < bytes.length; ) {
      const moved = move(this.#file, bytes, at, bytes.length - at, slot * bytes.length + at);
      if (moved === 0) throw new Error("the file ends early");
      at += moved;
    }
  }

  #remove(): void {
    try {
      rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // Open on Windows; `dispose` tries again.
    }
  }
}

/** What `readSync` and `writeSync` have in common; returns the bytes it moved. */
type Move = (
  file: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => number;

function unusable(folder: string, cause: unknown): CalibrationError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new CalibrationError({
    expected: `to keep block masses in ${folder} (set scratchFolder or memoryLimit)`,
    found,
    cause,
  });
}
