import type { AttentionPrecision, Backend } from "@paroattn/backend";
import {
  type AxisOrder,
  type BlockPartition,
  partitionLayout,
  type TokenLayout,
} from "@paroattn/reorder";
import { type BlockMask, maskMaker, massesInMemory } from "@paroattn/sparse-masks";
import { toFloat32 } from "@paroattn/tensor";
import type { Attended } from "../run/attended.js";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";
import type { ScheduledMethod } from "../run/scheduled-run.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import { blockMeans, poolingMatrix } from "./block-means.js";
import { type Drafts, draftMasses } from "./draft-masses.js";

interface DraftMethodOptions {
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly density: number;
  readonly order: AxisOrder;
  readonly precision: AttentionPrecision;
  /** The generation's. */
  readonly backend: Backend;
}

/** One run of DraftAttention. All that it keeps is how to pool. */
export class DraftMethod implements ScheduledMethod {
  readonly #options: DraftMethodOptions;
  readonly #orders: readonly AxisOrder[];
  readonly #partition: BlockPartition;
  readonly #pooling: KeptTensor;

  constructor(options: DraftMethodOptions) {
    const { layout, heads, order, backend } = options;
    this.#options = options;
    this.#orders = new Array<AxisOrder>(heads).fill(order);
    this.#partition = partitionLayout(layout);
    using pooling = backend.upload(poolingMatrix(layout, order));
    this.#pooling = keepTensor(backend, pooling);
  }

  async sparse(site: AttentionSite, front: AttentionFront): Promise<Attended> {
    const { backend } = front;
    const { precision } = this.#options;
    const masks: BlockMask[] = [];
    for (const drafts of await this.#drafts(front)) masks.push(await this.#mask(site, drafts));
    using mask = backend.prepareMask(masks);
    using operands = front.operands({ orders: this.#orders, precision });
    const { output } = backend.attention({ operands, mask });
    const partitions = { queryPartition: this.#partition, keyPartition: this.#partition };
    const density = masks.reduce((sum, mask) => sum + mask.density(partitions), 0) / masks.length;
    return { output, density };
  }

  keptBytes(): number {
    return this.#pooling.bytes;
  }

  dispose(): void {
    this.#pooling[Symbol.dispose]();
  }

  /** Of each batch row. */
  async #drafts(front: AttentionFront): Promise<readonly Drafts[]> {
    using scope = front.backend.scope();
    const pooling = this.#pooling.view(scope);
    const { query, key } = front.queryKey();
    const [queries, keys] = await Promise.all(
      [query, key].map(async (input) =>
        toFloat32(await scope.read(blockMeans(scope, input, pooling))),
      ),
    );
    const rows = query.shape[0]!;
    const size = queries!.length / rows;
    const cut = (of: Float32Array, row: number) => of.subarray(row * size, (row + 1) * size);
    return Array.from({ length: rows }, (_, row) => ({
      query: cut(queries!, row),
      key: cut(keys!, row),
    }));
  }

  /** Each head's heaviest blocks, as many as its density allows. */
  async #mask({ heads, headDim }: AttentionSite, drafts: Drafts): Promise<BlockMask> {
    const partition = this.#partition;
    const { blocks } = partition;
    const masses = new Float32Array(heads * blocks * blocks);
    for (let head = 0; head < heads; head++) {
      masses.set(draftMasses(drafts, { head, headDim, partition }), head * blocks * blocks);
    }
    const source = massesInMemory({ masses, buckets: 1, layers: 1, heads, blocks });
    const criterion = { kind: "headDensity", density: this.#options.density } as const;
    const maker = await maskMaker({ source, partition, criterion });
    return maker.layerMask({ bucket: 0, layer: 0 });
  }
}
