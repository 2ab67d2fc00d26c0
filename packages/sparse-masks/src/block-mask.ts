import type { BlockPartition } from "@paroattn/reorder";
import { type BlockMaskData, type BlockMaskShape, bytesPerHead } from "./block-mask-data.js";
import { refuse, SparseMaskError } from "./errors.js";
import { maskDensity } from "./mask-density.js";

/**
 * A block mask that can be asked and changed. It *is* a `BlockMaskData`: `bits` are the packed bytes, as a plan file holds them.
 */
export class BlockMask implements BlockMaskData {
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  readonly bits: Uint8Array;

  private constructor(shape: BlockMaskShape, bits?: Uint8Array) {
    for (const name of ["heads", "queryBlocks", "keyBlocks"] as const) {
      const size = shape[name];
      if (!Number.isInteger(size) || size < 1) refuse(`a positive integer for ${name}`, size);
    }
    this.heads = shape.heads;
    this.queryBlocks = shape.queryBlocks;
    this.keyBlocks = shape.keyBlocks;
    const bytes = shape.heads * bytesPerHead(shape);
    if (bits && bits.length !== bytes) refuse(`${bytes} bytes of mask bits`, bits.length);
    this.bits = bits ?? new Uint8Array(bytes);
  }

  /** A mask without a live block, to be filled with `set`. */
  static empty(shape: BlockMaskShape): BlockMask {
    return new BlockMask(shape);
  }

  /** A mask with every block live. */
  static full(shape: BlockMaskShape): BlockMask {
    const mask = new BlockMask(shape);
    mask.bits.fill(0xff);
    mask.#clearPadding();
    return mask;
  }

  /**
   * A mask over existing bits, such as a slice of a plan file; the bytes are shared, not copied.
   * Throws a `SparseMaskError` for a wrong length, or where a padding bit behind a head's last block is set.
   */
  static from(data: BlockMaskData): BlockMask {
    const mask = new BlockMask(data, data.bits);
    const padding = mask.#paddingBits();
    for (let head = 0; head < mask.heads && padding !== 0; head++) {
      const last = mask.bits[mask.#lastByte(head)] as number;
      if (last & padding) refuse(`zeros behind the last block of head ${head}`, last & padding);
    }
    return mask;
  }

  /** A mask from one byte a block, [heads, queryBlocks, keyBlocks]: live where the byte is not 0. */
  static pack(options: BlockMaskShape & { readonly blocks: Uint8Array }): BlockMask {
    const mask = new BlockMask(options);
    const { heads, blocks } = options;
    const size = options.queryBlocks * options.keyBlocks;
    if (blocks.length !== heads * size) refuse(`${heads * size} blocks`, blocks.length);
    for (let head = 0; head < heads; head++) {
      const start = head * bytesPerHead(options);
      for (let block = 0; block < size; block++) {
        if (blocks[head * size + block]) {
          (mask.bits[start + (block >> 3)] as number) |= 1 << (block & 7);
        }
      }
    }
    return mask;
  }

  /** One byte a block, 0 or 1: [heads, queryBlocks, keyBlocks]. */
  unpack(): Uint8Array {
    const size = this.queryBlocks * this.keyBlocks;
    const blocks = new Uint8Array(this.heads * size);
    for (let head = 0; head < this.heads; head++) {
      const start = head * bytesPerHead(this);
      for (let block = 0; block < size; block++) {
        blocks[head * size + block] =
          ((this.bits[start + (block >> 3)] as number) >> (block & 7)) & 1;
      }
    }
    return blocks;
  }

  /** Whether a block is live. Throws a `SparseMaskError` outside the mask. */
  get(head: number, queryBlock: number, keyBlock: number): boolean {
    const { byte, bit } = this.#locate(head, queryBlock, keyBlock);
    return ((this.bits[byte] as number) & bit) !== 0;
  }

  /** Makes a block live (default) or drops it. Throws a `SparseMaskError` outside the mask. */
  set(head: number, queryBlock: number, keyBlock: number, live = true): void {
    const { byte, bit } = this.#locate(head, queryBlock, keyBlock);
    const old = this.bits[byte] as number;
    this.bits[byte] = live ? old | bit : old & ~bit;
  }

  /** Key blocks that a query block attends to, ascending. */
  liveBlocks(head: number, queryBlock: number): Uint32Array {
    const live: number[] = [];
    checkIndex("head", head, this.heads);
    checkIndex("query block", queryBlock, this.queryBlocks);
    const start = head * bytesPerHead(this);
    for (let keyBlock = 0; keyBlock < this.keyBlocks; keyBlock++) {
      const block = queryBlock * this.keyBlocks + keyBlock;
      if (((this.bits[start + (block >> 3)] as number) >> (block & 7)) & 1) live.push(keyBlock);
    }
    return Uint32Array.from(live);
  }

  /** Live blocks, over all heads. */
  get count(): number {
    let count = 0;
    for (let byte of this.bits) {
      for (; byte !== 0; byte &= byte - 1) count++;
    }
    return count;
  }

  /**
   * Valid query-key pairs in live blocks / all valid pairs, over the mask's heads. Short blocks count as what they hold.
   * Throws a `SparseMaskError` where a partition has another number of blocks than the mask.
   */
  density(partitions: {
    readonly queryPartition: BlockPartition;
    readonly keyPartition: BlockPartition;
  }): number {
    return maskDensity({ mask: this, ...partitions });
  }

  /** Throws a `SparseMaskError` naming the first head and query block without a live key block. */
  validate(): void {
    for (let head = 0; head < this.heads; head++) {
      for (let queryBlock = 0; queryBlock < this.queryBlocks; queryBlock++) {
        if (this.liveBlocks(head, queryBlock).length === 0) {
          throw new SparseMaskError(
            `Expected a live key block for head ${head}, query block ${queryBlock} but found none`,
          );
        }
      }
    }
  }

  /** Whether the other mask has the same sizes and the same live blocks. */
  equals(other: BlockMaskData): boolean {
    return (
      this.heads === other.heads &&
      this.queryBlocks === other.queryBlocks &&
      this.keyBlocks === other.keyBlocks &&
      this.bits.length === other.bits.length &&
      this.bits.every((byte, index) => byte === other.bits[index])
    );
  }

  #locate(head: number, queryBlock: number, keyBlock: number) {
    checkIndex("head", head, this.heads);
    checkIndex("query block", queryBlock, this.queryBlocks);
    checkIndex("key block", keyBlock, this.keyBlocks);
    const block = queryBlock * this.keyBlocks + keyBlock;
    return { byte: head * bytesPerHead(this) + (block >> 3), bit: 1 << (block & 7) };
  }

  #lastByte(head: number): number {
    return (head + 1) * bytesPerHead(this) - 1;
  }

  /** The bits of a head's last byte that no block owns. */
  #paddingBits(): number {
    const used = (this.queryBlocks * this.keyBlocks) & 7;
    return used === 0 ? 0 : 0xff & ~((1 << used) - 1);
  }

  #clearPadding(): void {
    for (let head = 0; head < this.heads; head++) {
      (this.bits[this.#lastByte(head)] as number) &= ~this.#paddingBits();
    }
  }
}

function checkIndex(name: string, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    refuse(`a ${name} from 0 to ${size - 1}`, index);
  }
}
