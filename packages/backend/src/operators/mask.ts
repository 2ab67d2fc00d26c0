import type { BlockPartition } from "@paroattn/reorder";
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
  /** One a batch row. */
  readonly masks: readonly BlockMaskData[];
  /** Per batch row: the largest, over heads and query blocks, of the first live key block. For `checkLiveKeys`. */
  readonly latestFirstBlocks: readonly number[];
}

/** Checks the masks of `prepareMask`. Throws `InvalidArgumentError`, also for a query block with no live key block. */
export function inferMask(mask: BlockMaskData | readonly BlockMaskData[]): ResolvedMask {
  const masks = isList(mask) ? [...mask] : [mask];
  const first = masks[0];
  if (first === undefined) {
    throw invalid({ operator, argument: "mask" }, "to be at least one", "none");
  }
  const { heads, queryBlocks, keyBlocks } = first;
  const latestFirstBlocks = masks.map((one, row) => {
    const argument = isList(mask) ? `mask[${row}]` : "mask";
    checkSizes(argument, one, first);
    return latestFirstBlock(argument, one);
  });
  return { batch: masks.length, heads, queryBlocks, keyBlocks, masks, latestFirstBlocks };
}

/**
 * Refuses a mask that leaves a query row without a live valid key, because all live blocks of a query block lie behind
 * the batch row's key length. Throws `InvalidArgumentError` in the name of `attention`.
 */
export function checkLiveKeys(options: {
  readonly latestFirstBlocks: readonly number[];
  readonly keyPartition: BlockPartition;
  readonly keyLengths: readonly number[];
}): void {
  const { latestFirstBlocks, keyPartition, keyLengths } = options;
  for (const [row, length] of keyLengths.entries()) {
    const block = latestFirstBlocks[latestFirstBlocks.length === 1 ? 0 : row]!;
    const firstToken = keyPartition.starts[block]!;
    if (firstToken >= length) {
      throw invalid(
        { operator: "attention", argument: "mask" },
        `to leave every query a live key among the first ${length} of batch row ${row}`,
        `a query block whose first live key is ${firstToken}`,
      );
    }
  }
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

function latestFirstBlock(argument: string, mask: BlockMaskData): number {
  const { heads, queryBlocks, keyBlocks, bits } = mask;
  const headBytes = Math.ceil((queryBlocks * keyBlocks) / 8);
  let latest = 0;
  for (let head = 0; head < heads; head++) {
    for (let queryBlock = 0; queryBlock < queryBlocks; queryBlock++) {
      let block = 0;
      for (; block < keyBlocks; block++) {
        const bit = queryBlock * keyBlocks + block;
        if ((bits[head * headBytes + (bit >> 3)]! >> (bit & 7)) & 1) break;
      }
      if (block === keyBlocks) {
        throw invalid(
          { operator, argument },
          "to have a live key block for every query block",
          `none for head ${head}, query block ${queryBlock}`,
        );
      }
      latest = Math.max(latest, block);
    }
  }
  return latest;
}

function isList(mask: BlockMaskData | readonly BlockMaskData[]): mask is readonly BlockMaskData[] {
  return Array.isArray(mask);
}
