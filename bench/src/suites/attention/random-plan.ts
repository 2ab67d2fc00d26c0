import { type AxisOrder, axisOrders, partitionLayout, type TokenLayout } from "@paroattn/reorder";
import { type BlockMask, randomMask } from "@paroattn/sparse-masks";

/** What a plan says of one layer: each head's order, its live blocks, and what share of the pairs those are. */
export interface LayerPlan {
  readonly layout: TokenLayout;
  readonly orders: readonly AxisOrder[];
  readonly mask: BlockMask;
  readonly density: number;
}

/** Orders in turn and a random balanced mask. */
export function randomPlan(options: {
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly density: number;
}): LayerPlan {
  const { layout, heads, density } = options;
  const candidates = axisOrders(layout);
  const orders = Array.from({ length: heads }, (_, head) => candidates[head % candidates.length]!);
  const partition = partitionLayout(layout);
  const { blocks } = partition;
  const mask = randomMask({ heads, queryBlocks: blocks, keyBlocks: blocks, density, seed: 7 });
  return {
    layout,
    orders,
    mask,
    density: mask.density({ queryPartition: partition, keyPartition: partition }),
  };
}
