import type { AttentionOperands, AttentionPrecision, Backend, DeviceMask } from "@paroattn/backend";
import {
  type AxisOrder,
  type BlockPartition,
  partitionLayout,
  type TokenLayout,
} from "@paroattn/reorder";
import { toFloat32 } from "@paroattn/tensor";
import type { Attended } from "../run/attended.js";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";
import { notThere, type ScheduledMethod } from "../run/scheduled-run.js";
import { type Kept, SiteStore } from "../run/site-store.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import { adaptedMask } from "./head-adaptive.js";

interface AdaSpaMethodOptions {
  readonly layout: TokenLayout;
  readonly heads: number;
  /** Visual key blocks of each visual query block, on average over heads. */
  readonly keys: number;
  readonly headAdaptive: boolean;
  readonly order: AxisOrder;
  readonly precision: AttentionPrecision;
  /** The generation's. */
  readonly backend: Backend;
}

interface Found extends Kept {
  /** Of each batch row. */
  readonly mask: DeviceMask;
  readonly density: number;
}

/** Of the statistics only the sums are used. */
const EPSILON = 1;

/** One run of AdaSpa: of each site the masks of the last search and the log-sum-exp of the first. */
export class AdaSpaMethod implements ScheduledMethod {
  readonly #options: AdaSpaMethodOptions;
  readonly #orders: readonly AxisOrder[];
  readonly #partition: BlockPartition;
  readonly #found = new SiteStore<Found>();
  readonly #logSumExps = new SiteStore<KeptTensor>();

  constructor(options: AdaSpaMethodOptions) {
    this.#options = options;
    this.#orders = new Array<AxisOrder>(options.heads).fill(options.order);
    this.#partition = partitionLayout(options.layout);
  }

  /**
   * The first search of a site answers dense, in f32; later ones go by its log-sum-exp, and answer with the mask that they
   * find.
   */
  async refresh(site: AttentionSite, front: AttentionFront): Promise<Attended> {
    const { backend } = front;
    using operands = front.operands({ orders: this.#orders });
    const known = this.#logSumExps.get(site);
    if (known !== undefined) {
      await this.#search(site, backend, { operands, known });
      const { output, density } = this.sparse(site, front);
      return { output, density: 1 + density, dense: false };
    }
    const { output, logSumExp } = backend.attention({ operands, returnLogSumExp: true });
    using first = logSumExp!;
    const kept = keepTensor(this.#options.backend, first);
    this.#logSumExps.set(site, kept);
    await this.#search(site, backend, { operands, known: kept });
    return { output, density: 2, dense: true };
  }

  sparse(site: AttentionSite, front: AttentionFront): Attended {
    const found = this.#found.get(site);
    if (found === undefined) throw notThere(site);
    using operands = front.operands({
      orders: this.#orders,
      precision: this.#options.precision,
    });
    const { output } = front.backend.attention({ operands, mask: found.mask });
    return { output, density: found.density };
  }

  keptBytes(): number {
    return this.#found.bytes + this.#logSumExps.bytes;
  }

  dispose(): void {
    this.#found.dispose();
    this.#logSumExps.dispose();
  }

  /** The masks that the sums of exp(logit - log-sum-exp) of each block ask for. */
  async #search(
    site: AttentionSite,
    backend: Backend,
    from: { readonly operands: AttentionOperands; readonly known: KeptTensor },
  ): Promise<void> {
    const { operands, known } = from;
    using logSumExp = known.view(backend);
    const statistics = backend.blockStatistics({ operands, logSumExp, epsilon: EPSILON });
    statistics.maximum.dispose();
    statistics.smallCount.dispose();
    using sum = statistics.sum;
    const masses = toFloat32(await backend.read(sum));
    const size = masses.length / site.branches.length;
    const masks = site.branches.map((_, row) =>
      adaptedMask({
        ...this.#options,
        masses: masses.subarray(row * size, (row + 1) * size),
        partition: this.#partition,
      }),
    );
    const mask = this.#options.backend.prepareMask(masks.map(({ mask }) => mask));
    this.#found.set(site, {
      mask,
      density: masks.reduce((sum, { density }) => sum + density, 0) / masks.length,
      bytes: masks.reduce((sum, { mask }) => sum + mask.bits.byteLength, 0),
      [Symbol.dispose]: () => mask.dispose(),
    });
  }
}
