import type { DeviceTensor } from "@paroattn/backend";
import { type AxisOrder, blockLength, partitionLayout } from "@paroattn/reorder";
import { toFloat32 } from "@paroattn/tensor";
import type { AttentionFront, AttentionSite } from "../strategy.js";

/** The dense output of a site and the mass of each block (sum / query rows), [batch, heads, blocks, blocks]. */
export async function siteMasses(options: {
  readonly site: AttentionSite;
  readonly front: AttentionFront;
  /** One a head, in which blocks are cut. */
  readonly orders: readonly AxisOrder[];
  /** Entries below it are counted as small; nothing is made of the count here. */
  readonly epsilon: number;
}): Promise<{ readonly output: DeviceTensor; readonly masses: Float32Array }> {
  const { site, front, orders, epsilon } = options;
  const { backend } = front;
  using operands = front.operands({ orders });
  const dense = backend.attention({ operands, returnLogSumExp: true });
  using logSumExp = dense.logSumExp!;
  const statistics = backend.blockStatistics({ operands, logSumExp, epsilon });
  using sum = statistics.sum;
  statistics.maximum.dispose();
  statistics.smallCount.dispose();
  const masses = toFloat32(await backend.read(sum));
  const partition = partitionLayout(site.layout);
  const { blocks } = partition;
  for (let row = 0; row < masses.length / blocks; row++) {
    const queries = blockLength(partition, row % blocks);
    for (let key = 0; key < blocks; key++) masses[row * blocks + key]! /= queries;
  }
  return { output: dense.output, masses };
}
