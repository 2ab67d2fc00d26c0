import {
  type BlockPartition,
  partitionLayout,
  partitionTokens,
  type TokenLayout,
  tokenCount,
  videoLayout,
} from "@paroattn/reorder";

/** A layout that has been checked, with what follows from it. */
export interface CheckedLayout {
  /** Frozen; the same object for the same frozen layout. */
  readonly layout: TokenLayout;
  readonly tokens: number;
  readonly partition: BlockPartition;
}

/** Models attend to few sequences, and to the same ones in every layer and step. */
const MOST_LENGTHS = 64;
const partitions = new Map<number, BlockPartition>();
/** Of frozen layouts, which stay what they are. */
const layouts = new WeakMap<TokenLayout, CheckedLayout>();

/** Throws a `ReorderError` for what is no layout. */
export function checkedLayout(layout: TokenLayout): CheckedLayout {
  const known = layouts.get(layout);
  if (known !== undefined) return known;
  const own = videoLayout(layout);
  const checked = { layout: own, tokens: tokenCount(own), partition: partitionLayout(own) };
  if (Object.isFrozen(layout)) layouts.set(layout, checked);
  return checked;
}

/** The blocks of a sequence without a layout. */
export function partitionOf(tokens: number): BlockPartition {
  const known = partitions.get(tokens);
  if (known !== undefined) return known;
  if (partitions.size === MOST_LENGTHS) partitions.clear();
  const partition = partitionTokens(tokens);
  partitions.set(tokens, partition);
  return partition;
}
