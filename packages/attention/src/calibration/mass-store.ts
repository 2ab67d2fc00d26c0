import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlockMassSource, HeadAddress } from "@paroattn/sparse-masks";

/** Above this many bytes the masses go to a scratch file. */
export const MEMORY_LIMIT_BYTES = 512 * 2 ** 20;

export interface MassStoreShape {
  readonly buckets: number;
  readonly layers: number;
  readonly heads: number;
  /** Blocks of the layout; a head has blocks² masses. */
  readonly blocks: number;
}

/** Adds up block masses per (bucket, layer, head) and reads their means: a source for the global budget. */
export interface MassStore extends BlockMassSource {
  add(address: HeadAddress, masses: ArrayLike<number>): Promise<void>;
  close(): Promise<void>;
}

/** Where the sums of one head are kept: `load` may hand out one buffer again and again. */
interface Slots {
  load(index: number): Promise<Float32Array>;
  save(index: number, sums: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** In memory up to `limitBytes` (default 512 MB), else in a scratch file that nobody can leave behind. */
export async function createMassStore(
  shape: MassStoreShape,
  limitBytes: number = MEMORY_LIMIT_BYTES,
): Promise<MassStore> {
  const { buckets, layers, heads, blocks } = shape;
  const size = blocks * blocks;
  const slots = buckets * layers * heads;
  const kept = slots * size * 4 <= limitBytes ? memorySlots(slots, size) : await fileSlots(size);
  const counts = new Uint32Array(slots);
  const indexOf = ({ bucket, layer, head }: HeadAddress) =>
    (bucket * layers + layer) * heads + head;
  return {
    buckets,
    layers,
    heads,
    async add(address, masses) {
      const index = indexOf(address);
      const sums = await kept.load(index);
      for (let block = 0; block < size; block++) sums[block]! += masses[block]!;
      counts[index]! += 1;
      await kept.save(index, sums);
    },
    async read(address) {
      const index = indexOf(address);
      const count = Math.max(1, counts[index]!);
      return (await kept.load(index)).map((sum) => sum / count);
    },
    close: () => kept.close(),
  };
}

function memorySlots(slots: number, size: number): Slots {
  const sums = new Float32Array(slots * size);
  return {
    load: async (index) => sums.subarray(index * size, (index + 1) * size),
    async save() {},
    async close() {},
  };
}

async function fileSlots(size: number): Promise<Slots> {
  const file = await openScratchFile();
  const bytes = new Uint8Array(size * 4);
  return {
    async load(index) {
      // What was never written reads as zeros; a short read leaves the rest zero.
      bytes.fill(0);
      await file.read(bytes, 0, bytes.length, index * bytes.length);
      return new Float32Array(bytes.buffer);
    },
    async save(index, sums) {
      const content = new Uint8Array(sums.buffer, sums.byteOffset, sums.byteLength);
      await file.write(content, 0, content.length, index * content.length);
    },
    close: () => file.close(),
  };
}

/** A file without a name: it is unlinked while open, so that not even a kill leaves it behind. */
async function openScratchFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "paroattn-calibration-"));
  try {
    return await open(join(folder, "masses"), "wx+");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
