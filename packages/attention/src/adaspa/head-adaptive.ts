import type { BlockPartition } from "@paroattn/reorder";
import { BlockMask } from "@paroattn/sparse-masks";
import { densityOf, heaviestKeys } from "../masks/uniform-keys.js";

/** A head that keeps more than this share of its mass has blocks to give. */
const GENEROUS_RECALL = 0.8;

/** A mask and its density over heads. */
export interface AdaptedMask {
  readonly mask: BlockMask;
  readonly density: number;
}

/**
 * The heaviest key blocks of each query block, equally many in all rows of a head (AdaSpa section 4.3). With `headAdaptive`, of the
 * heads that keep more than 0.8 of their mass, as many as others can take from, half of the blocks go to the heads that keep
 * least: their budgets become a half and one and a half, and the sum stays.
 */
export function adaptedMask(options: {
  /** [heads, blocks, blocks] */
  readonly masses: Float32Array;
  readonly heads: number;
  readonly partition: BlockPartition;
  /** Visual key blocks of each visual query block, on average over heads. */
  readonly keys: number;
  readonly headAdaptive: boolean;
}): AdaptedMask {
  const { masses, heads, partition, keys, headAdaptive } = options;
  const { blocks, visualBlocks } = partition;
  const size = blocks * blocks;
  const ofHead = (head: number) => masses.subarray(head * size, (head + 1) * size);
  const kept = Array.from({ length: heads }, (_, head) =>
    heaviestKeys(ofHead(head), partition, keys),
  );
  if (headAdaptive) {
    const most = visualBlocks.end - visualBlocks.start;
    const moved = Math.min(Math.floor(keys / 2), keys - 1, most - keys);
    const byRecall = [...kept.keys()].sort((a, b) => kept[b]!.recall - kept[a]!.recall || a - b);
    const generous = kept.filter(({ recall }) => recall > GENEROUS_RECALL).length;
    const pairs = moved === 0 ? 0 : Math.min(generous, Math.floor(heads / 2));
    for (const [place, head] of byRecall.entries()) {
      const share = place < pairs ? -moved : place >= heads - pairs ? moved : 0;
      if (share !== 0) kept[head] = heaviestKeys(ofHead(head), partition, keys + share);
    }
  }
  const live = new Uint8Array(heads * size);
  for (const [head, one] of kept.entries()) live.set(one.live, head * size);
  return {
    mask: BlockMask.pack({ heads, queryBlocks: blocks, keyBlocks: blocks, blocks: live }),
    density: kept.reduce((sum, one) => sum + densityOf(one.live, partition), 0) / heads,
  };
}
