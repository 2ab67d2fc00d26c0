import type { DeviceTensor } from "@paroattn/backend";
import {
  type AxisOrder,
  averageScores,
  axisOrders,
  type BlockPartition,
  blockLength,
  combineScores,
  type OrderScore,
  partitionLayout,
} from "@paroattn/reorder";
import { BlockMask, bucketOf, bytesPerHead } from "@paroattn/sparse-masks";
import { readStatistics, scoreRows } from "../calibrate/score-site.js";
import { type Plan, planMask } from "../plan/plan.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import type { HeadView, LayerView } from "./layer-view.js";

/**
 * Computes a site dense and looks at each of its heads in every order. One order is prepared at a time; what is kept are
 * blocks² numbers per head and order.
 */
export async function viewLayer(options: {
  readonly plan: Plan;
  readonly site: AttentionSite;
  readonly front: AttentionFront;
}): Promise<{ readonly output: DeviceTensor; readonly view: LayerView }> {
  const { plan, site } = options;
  const { layer, step, steps, timestep, branches, layout } = site;
  const partition = partitionLayout(layout, plan.blockSize);
  const { output, looks } = await lookAtOrders({ ...options, partition });
  const index = bucketOf(plan.buckets, timestep);
  const masks = planMask(plan, { bucket: index, layer });
  const heads = looks.map((orders, head) =>
    viewHead({ plan, layer, head, orders, masks, partition }),
  );
  const { boundaries } = plan.buckets;
  const bucket = { index, from: boundaries[index], below: boundaries[index - 1] };
  const view = { layer, step, steps, timestep, branches, layout, partition, bucket, heads };
  return { output, view };
}

/** One order of one head: its scores, and the mass of each block. */
interface OrderLook extends OrderScore {
  readonly order: AxisOrder;
  readonly masses: Float64Array;
}

/** The dense output and, [heads][orders], what the statistics of the softmax map say. */
async function lookAtOrders(options: {
  readonly plan: Plan;
  readonly site: AttentionSite;
  readonly front: AttentionFront;
  readonly partition: BlockPartition;
}): Promise<{ readonly output: DeviceTensor; readonly looks: readonly (readonly OrderLook[])[] }> {
  const { plan, site, front, partition } = options;
  const { heads, layout } = site;
  const { epsilon, sigma } = plan.scoring;
  const { backend } = front;
  const looks = Array.from({ length: heads }, (): OrderLook[] => []);
  const native = front.operands();
  const dense = backend.attention({ operands: native, returnLogSumExp: true });
  using logSumExp = dense.logSumExp!;
  for (const [index, order] of axisOrders(layout).entries()) {
    // The first order is the native one.
    using operands =
      index === 0 ? native : front.operands({ orders: new Array<AxisOrder>(heads).fill(order) });
    const statistics = backend.blockStatistics({ operands, logSumExp, epsilon });
    const host = await readStatistics(backend, statistics);
    const scores = scoreRows(host, { partition, sigma });
    for (let head = 0; head < heads; head++) {
      const ofHead = scores.filter((_, row) => row % heads === head);
      const masses = meanMasses(host.sum, { head, heads, partition });
      looks[head]!.push({ order, ...averageScores(ofHead), masses });
    }
  }
  return { output: dense.output, looks };
}

/** Sums of blocks, [batch, heads, blocks, blocks], per query row and averaged over the batch: [blocks, blocks] of one head. */
function meanMasses(
  sum: Float32Array,
  options: { readonly head: number; readonly heads: number; readonly partition: BlockPartition },
): Float64Array {
  const { head, heads, partition } = options;
  const { blocks } = partition;
  const tiles = blocks * blocks;
  const batch = sum.length / (heads * tiles);
  const masses = new Float64Array(tiles);
  for (let row = 0; row < batch; row++) {
    const start = (row * heads + head) * tiles;
    for (let tile = 0; tile < tiles; tile++) masses[tile]! += sum[start + tile]!;
  }
  for (let tile = 0; tile < tiles; tile++) {
    masses[tile]! /= batch * blockLength(partition, Math.floor(tile / blocks));
  }
  return masses;
}

function viewHead(options: {
  readonly plan: Plan;
  readonly layer: number;
  readonly head: number;
  readonly orders: readonly OrderLook[];
  /** Of all heads of the layer. */
  readonly masks: BlockMask;
  readonly partition: BlockPartition;
}): HeadView {
  const { plan, layer, head, orders, partition } = options;
  const planned = plan.orders[layer]![head]!;
  const combined = combineScores({ candidates: orders, alpha: plan.scoring.alpha });
  const mask = maskOfHead(options.masks, head);
  const { masses } = orders.find(({ order }) => order === planned)!;
  return {
    head,
    orders: orders.map((look, index) => ({ ...look, cost: combined.costs[index]! })),
    planned,
    cheapest: combined.order,
    mask,
    density: mask.density({ queryPartition: partition, keyPartition: partition }),
    keptMass: keptMass({ masses, mask, partition }),
  };
}

/** One head of a mask, as a mask of one head; a head's bits start on a byte. */
function maskOfHead(masks: BlockMask, head: number): BlockMask {
  const { queryBlocks, keyBlocks } = masks;
  const bytes = bytesPerHead(masks);
  const bits = masks.bits.subarray(head * bytes, (head + 1) * bytes);
  return BlockMask.from({ heads: 1, queryBlocks, keyBlocks, bits });
}

function keptMass(options: {
  readonly masses: Float64Array;
  readonly mask: BlockMask;
  readonly partition: BlockPartition;
}): number {
  const { masses, mask, partition } = options;
  const { blocks } = partition;
  let kept = 0;
  let all = 0;
  for (let query = 0; query < blocks; query++) {
    const rows = blockLength(partition, query);
    for (let key = 0; key < blocks; key++) {
      const mass = rows * masses[query * blocks + key]!;
      all += mass;
      if (mask.get(0, query, key)) kept += mass;
    }
  }
  return kept / all;
}
