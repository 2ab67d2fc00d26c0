import type { Backend, BlockStatistics } from "@paroattn/backend";

/** The tiles of one head of one batch row, each [blocks, blocks]. */
export interface HeadTiles {
  readonly head: number;
  readonly sum: Float32Array;
  readonly maximum: Float32Array;
  readonly smallCount: Float32Array;
}

/** Reads block statistics, visits each head of each batch row, and frees them. */
export async function forEachHead(
  options: { readonly backend: Backend; readonly statistics: BlockStatistics },
  visit: (tiles: HeadTiles) => void | Promise<void>,
): Promise<void> {
  const { backend, statistics } = options;
  const [batch, heads, queryBlocks, keyBlocks] = statistics.sum.shape as [
    number,
    number,
    number,
    number,
  ];
  const [sum, maximum, smallCount] = await Promise.all(
    [statistics.sum, statistics.maximum, statistics.smallCount].map(async (tensor) => {
      const { data } = await backend.read(tensor);
      tensor.dispose();
      return data as Float32Array;
    }),
  );
  const size = queryBlocks * keyBlocks;
  for (let row = 0; row < batch; row++) {
    for (let head = 0; head < heads; head++) {
      const start = (row * heads + head) * size;
      const tiles = (values: Float32Array | undefined) => values!.subarray(start, start + size);
      await visit({
        head,
        sum: tiles(sum),
        maximum: tiles(maximum),
        smallCount: tiles(smallCount),
      });
    }
  }
}
