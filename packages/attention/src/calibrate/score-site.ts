import type { Backend, BlockStatistics, DeviceTensor } from "@paroattn/backend";
import {
  type AxisOrder,
  averageScores,
  axisOrders,
  type BlockPartition,
  type OrderScore,
  partitionLayout,
  scoreFromStatistics,
} from "@paroattn/reorder";
import { toFloat32 } from "@paroattn/tensor";
import type { AttentionFront, AttentionSite } from "../strategy.js";

/** What a site answers, and the score of every order for every head, averaged over the batch rows. */
export interface ScoredSite {
  readonly output: DeviceTensor;
  /** [heads][orders] */
  readonly scores: readonly (readonly OrderScore[])[];
}

/**
 * Computes a site dense and scores every order of its layout. One order is prepared at a time and its statistics are
 * reduced before the next, so that memory stays O(tokens + blocks²).
 */
export async function scoreSite(options: {
  readonly site: AttentionSite;
  readonly front: AttentionFront;
  readonly epsilon: number;
  readonly sigma: number;
}): Promise<ScoredSite> {
  const { site, front, epsilon, sigma } = options;
  const { heads, layout } = site;
  const { backend } = front;
  const partition = partitionLayout(layout);
  const scores = Array.from({ length: heads }, (): OrderScore[] => []);
  const native = front.operands();
  const dense = backend.attention({ operands: native, returnLogSumExp: true });
  using logSumExp = dense.logSumExp!;
  for (const [index, order] of axisOrders(layout).entries()) {
    // The first order is the native one.
    using operands =
      index === 0 ? native : front.operands({ orders: new Array<AxisOrder>(heads).fill(order) });
    const statistics = backend.blockStatistics({ operands, logSumExp, epsilon });
    const rows = scoreRows(await readStatistics(backend, statistics), { partition, sigma });
    for (let head = 0; head < heads; head++) {
      scores[head]!.push(averageScores(rows.filter((_, row) => row % heads === head)));
    }
  }
  return { output: dense.output, scores };
}

/** The statistics of a site in one order, [batch, heads, blocks, blocks] each. */
export type HostStatistics = Readonly<Record<keyof BlockStatistics, Float32Array>>;

/** The statistics in memory; freed on the device. */
export async function readStatistics(
  backend: Backend,
  statistics: BlockStatistics,
): Promise<HostStatistics> {
  const read = async (device: DeviceTensor) => {
    using tensor = device;
    return toFloat32(await backend.read(tensor));
  };
  const [sum, maximum, smallCount] = await Promise.all([
    read(statistics.sum),
    read(statistics.maximum),
    read(statistics.smallCount),
  ]);
  return { sum, maximum, smallCount };
}

/** One score per [batch, heads]. */
export function scoreRows(
  { sum, maximum, smallCount }: HostStatistics,
  options: { readonly partition: BlockPartition; readonly sigma: number },
): OrderScore[] {
  const tiles = options.partition.blocks ** 2;
  return Array.from({ length: sum.length / tiles }, (_, row) => {
    const cut = (values: Float32Array) => values.subarray(row * tiles, (row + 1) * tiles);
    return scoreFromStatistics({
      sum: cut(sum),
      maximum: cut(maximum),
      smallCount: cut(smallCount),
      ...options,
    });
  });
}
