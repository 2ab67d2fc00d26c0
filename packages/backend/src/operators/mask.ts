import type { BlockMaskData } from "@paroattn/sparse-masks";
import { checkInteger, describeShape, invalid } from "./checks.js";

const operator = "prepareMask";

/** The masks of `prepareMask` with their common sizes. */
export interface ResolvedMask {
  /** 1, or as many as there are masks. */
  readonly batch: number;
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  /** One a batch row; copies, so that the caller may change its own. */
  readonly masks: readonly BlockMaskData[];
}

/** Checks the masks of `prepareMask`. Throws `InvalidArgumentError`, also for a query block with no live key block. */
export function inferMask(mask: BlockMaskData | readonly BlockMaskData[]): ResolvedMask {
  const list = isList(mask) ? mask : [mask];
  const first = list[0];
  if (first === undefined) {
    throw invalid({ operator, argument: "mask" }, "to be at least one", "none");
  }
  const { heads, queryBlocks, keyBlocks } = first;
  const masks = list.map((one, row) => {
    const argument = isList(mask) ? `mask[${row}]` : "mask";
    checkSizes(argument, one, first);
    checkLiveBlocks(argument, one);
    return { heads, queryBlocks, keyBlocks, bits: one.bits.slice() };
  });
  return { batch: masks.length, heads, queryBlocks, keyBlocks, masks };
}

/** Whether a block is computed. */
export function isLive(
  mask: BlockMaskData,
  at: { readonly head: number; readonly queryBlock: number; readonly keyBlock: number },
): boolean {
  const { queryBlocks, keyBlocks, bits } = mask;
  const bit = at.queryBlock * keyBlocks + at.keyBlock;
  const byte = at.head * Math.ceil((queryBlocks * keyBlocks) / 8) + (bit >> 3);
  return ((bits[byte]! >> (bit & 7)) & 1) === 1;
}

function checkSizes(argument: string, mask: BlockMaskData, first: BlockMaskData): void {
  for (const name of ["heads", "queryBlocks", "keyBlocks"] as const) {
    checkInteger({ operator, argument: `${argument}.${name}` }, mask[name], 1);
    if (mask[name] !== first[name]) {
      throw invalid(
        { operator, argument },
        `of ${first[name]} ${name} to match mask[0]`,
        String(mask[name]),
      );
    }
  }
  const bytes = mask.heads * Math.ceil((mask.queryBlocks * mask.keyBlocks) / 8);
  if (mask.bits.length !== bytes) {
    const sizes = describeShape([mask.heads, mask.queryBlocks, mask.keyBlocks]);
    throw invalid(
      { operator, argument: `${argument}.bits` },
      `to be ${bytes} bytes for [heads, queryBlocks, keyBlocks] ${sizes}`,
      String(mask.bits.length),
    );
  }
}

function checkLiveBlocks(argument: string, mask: BlockMaskData): void {
  const { heads, queryBlocks, keyBlocks, bits } = mask;
  const headBytes = Math.ceil((queryBlocks * keyBlocks) / 8);
  for (let head = 0; head < heads; head++) {
    for (let queryBlock = 0; queryBlock < queryBlocks; queryBlock++) {
      let bit = queryBlock * keyBlocks;
      const end = bit + keyBlocks;
      while (bit < end && ((bits[head * headBytes + (bit >> 3)]! >> (bit & 7)) & 1) === 0) bit++;
      if (bit === end) {
        throw invalid(
          { operator, argument },
          "to have a live key block for every query block",
          `none for head ${head}, query block ${queryBlock}`,
        );
      }
    }
  }
}

function isList(mask: BlockMaskData | readonly BlockMaskData[]): mask is readonly BlockMaskData[] {
  return Array.isArray(mask);
}
