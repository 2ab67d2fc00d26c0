import type { BlockPartition } from "@paroattn/reorder";
import { BlockMask } from "./block-mask.js";
import { checkCriterion, type MaskCriterion } from "./criteria/criterion.js";
import type { HeadBlocks } from "./criteria/head-blocks.js";
import { keepHeadDensity } from "./criteria/head-density.js";
import { keepAboveThreshold } from "./criteria/threshold.js";
import { keepTopP } from "./criteria/top-p.js";
import { refuse } from "./errors.js";
import { markForced } from "./forced-blocks.js";
import { type GlobalThreshold, globalThreshold } from "./global-threshold.js";
import { maskFromThreshold } from "./mask-from-threshold.js";
import { type BlockMassSource, checkSource, readMasses } from "./mass-source.js";
import { pairCounts } from "./pair-counts.js";
import { checkTextOnlyShare } from "./text-only.js";

export interface MaskMakerOptions {
  readonly source: BlockMassSource;
  /** The blocks of the layout, on the query side and the key side alike. */
  readonly partition: BlockPartition;
  readonly criterion: MaskCriterion;
  /** [buckets]: sampling steps that fall into each bucket, which weigh it in a global budget. Default: equal. */
  readonly bucketSteps?: readonly number[];
  /**
   * A head each of whose visual query blocks has at least this share of its mass on text, in (0, 1], keeps no block
   * between visual tokens, unless the criterion keeps all blocks (a density or mass of 1). Default: no head is told apart.
   */
  readonly textOnlyShare?: number | undefined;
}

/** Makes masks by one criterion, layer by layer. */
export interface MaskMaker {
  readonly criterion: MaskCriterion;
  /** What a global budget came to; undefined for the other criteria. */
  readonly globalThreshold: GlobalThreshold | undefined;
  /**
   * The mask of one layer in one bucket. Deterministic; every query block has a live key block.
   * Throws a `SparseMaskError` outside the source, for masses that are NaN, infinite or negative, and for a `headDensity`
   * below what must be kept.
   */
  layerMask(at: { readonly bucket: number; readonly layer: number }): Promise<BlockMask>;
}

/**
 * Gets a criterion ready for the masses of a source. A global budget reads all of it, twice; the others read nothing yet.
 *
 * Throws a `SparseMaskError` for a criterion out of range, a source without buckets, layers or heads, and as `globalThreshold` does.
 *
 * @example
 * const maker = await maskMaker({ source, partition, criterion: { kind: "topP", mass: 0.9 } });
 * const mask = await maker.layerMask({ bucket: 0, layer: 3 });
 */
export async function maskMaker(options: MaskMakerOptions): Promise<MaskMaker> {
  const { source, partition, criterion } = options;
  checkCriterion(criterion);
  checkSource(source);
  checkTextOnlyShare(options.textOnlyShare);
  if (criterion.kind === "globalBudget") {
    const threshold = await globalThreshold({ ...options, density: criterion.density });
    return {
      criterion,
      globalThreshold: threshold,
      async layerMask(at) {
        checkAddress(source, at);
        return maskFromThreshold({ source, partition, threshold, ...at });
      },
    };
  }
  const keep = headByHead(criterion);
  const textOnlyShare = keepsAll(criterion) ? undefined : options.textOnlyShare;
  const pairs = pairCounts(partition);
  return {
    criterion,
    globalThreshold: undefined,
    async layerMask(at) {
      checkAddress(source, at);
      return layerMask({ source, partition, pairs, keep, textOnlyShare, ...at });
    },
  };
}

type KeepBlocks = (head: HeadBlocks) => void;

function headByHead(criterion: Exclude<MaskCriterion, { kind: "globalBudget" }>): KeepBlocks {
  switch (criterion.kind) {
    case "headDensity":
      return (head) => keepHeadDensity(head, criterion);
    case "threshold":
      return (head) => keepAboveThreshold(head, criterion);
    case "topP":
      return (head) => keepTopP(head, criterion);
  }
}

function keepsAll(criterion: MaskCriterion): boolean {
  if (criterion.kind === "threshold") return false;
  return (criterion.kind === "topP" ? criterion.mass : criterion.density) === 1;
}

async function layerMask(options: {
  readonly source: BlockMassSource;
  readonly partition: BlockPartition;
  readonly pairs: Float64Array;
  readonly keep: KeepBlocks;
  readonly textOnlyShare: number | undefined;
  readonly bucket: number;
  readonly layer: number;
}): Promise<BlockMask> {
  const { source, partition, pairs, keep, textOnlyShare, bucket, layer } = options;
  const { heads } = source;
  const { blocks } = partition;
  const size = blocks * blocks;
  const live = new Uint8Array(heads * size);
  for (let head = 0; head < heads; head++) {
    const address = { bucket, layer, head };
    const masses = await readMasses({ source, blocks, address });
    const ofHead = live.subarray(head * size, (head + 1) * size);
    if (markForced({ masses, partition, textOnlyShare, forced: ofHead })) continue;
    keep({ address, partition, masses, pairs, live: ofHead });
  }
  return BlockMask.pack({ heads, queryBlocks: blocks, keyBlocks: blocks, blocks: live });
}

function checkAddress(
  { buckets, layers }: BlockMassSource,
  at: { readonly bucket: number; readonly layer: number },
): void {
  for (const [name, index, size] of [
    ["bucket", at.bucket, buckets],
    ["layer", at.layer, layers],
  ] as const) {
    if (!Number.isInteger(index) || index < 0 || index >= size) {
      refuse(`a ${name} from 0 to ${size - 1}`, index);
    }
  }
}
