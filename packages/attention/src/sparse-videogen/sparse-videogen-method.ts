import type { AttentionPrecision, Backend, DeviceMask } from "@paroattn/backend";
import type { AxisOrder, TokenLayout } from "@paroattn/reorder";
import type { Attended } from "../run/attended.js";
import { denseSite } from "../run/dense-site.js";
import { operandsOfRows } from "../run/operands-of-rows.js";
import { pickRows } from "../run/pick-rows.js";
import type { ScheduledMethod } from "../run/scheduled-run.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import type { BandMask } from "../window/band-mask.js";
import { SampledAttention } from "./sampled-attention.js";

/** Frame-major: a band is the neighbouring frames. The native order. */
export const SPATIAL: AxisOrder = "FHW";
/** Token-major: a band is the neighbouring places, in all frames. */
export const TEMPORAL: AxisOrder = "HWF";

interface SparseVideoGenMethodOptions {
  readonly layout: TokenLayout;
  readonly band: BandMask;
  /** Query tokens that are looked at. */
  readonly rows: Uint32Array;
  /** Layers before this one are dense. */
  readonly denseLayers: number;
  readonly precision: AttentionPrecision;
  /** The generation's. */
  readonly backend: Backend;
}

/** One run of Sparse VideoGen. It keeps the band and the rows to look at; what it found at a site it forgets. */
export class SparseVideoGenMethod implements ScheduledMethod {
  readonly #options: SparseVideoGenMethodOptions;
  /** The same blocks in both orders, so that one call serves heads of both kinds. */
  readonly #mask: DeviceMask;
  readonly #sampled: SampledAttention;

  constructor(options: SparseVideoGenMethodOptions) {
    const { band, backend } = options;
    this.#options = options;
    this.#mask = backend.prepareMask(band.mask);
    const masks = [SPATIAL, TEMPORAL].map((order) => ({ mask: band.mask, order }));
    this.#sampled = new SampledAttention({ ...options, masks });
  }

  async sparse(site: AttentionSite, front: AttentionFront): Promise<Attended> {
    const { precision, denseLayers, band } = this.#options;
    if (site.layer < denseLayers) return denseSite(front, precision);
    const { backend } = front;
    const groups = groupRows(await this.#ordersOfRows(site, front));
    const outputs = groups.map(({ rows, orders }) => {
      using operands = operandsOfRows(front, { orders, precision, rows });
      return backend.attention({ operands, mask: this.#mask }).output;
    });
    const density = band.density + this.#sampled.density;
    if (groups.length === 1) return { output: outputs[0]!, density };
    const grouped = groups.flatMap(({ rows }) => rows);
    const joined = backend.concat({ inputs: outputs, axis: 0 });
    for (const output of outputs) output.dispose();
    const places = site.branches.map((_, row) => grouped.indexOf(row));
    return { output: pickRows(backend, joined, places), density };
  }

  keptBytes(): number {
    return this.#options.band.mask.bits.byteLength + this.#sampled.bytes;
  }

  dispose(): void {
    this.#mask.dispose();
    this.#sampled[Symbol.dispose]();
  }

  /** [batch][heads]: the order in which the band loses less of each head. */
  async #ordersOfRows(site: AttentionSite, front: AttentionFront): Promise<AxisOrder[][]> {
    const [spatial, temporal] = await this.#sampled.errors(site, front);
    return site.branches.map((_, row) =>
      Array.from({ length: site.heads }, (_, head) => {
        const at = row * site.heads + head;
        return temporal![at]! < spatial![at]! ? TEMPORAL : SPATIAL;
      }),
    );
  }
}

/** Batch rows with the same order for each head go together. */
function groupRows(ordersOfRows: readonly (readonly AxisOrder[])[]) {
  const groups = new Map<string, { rows: number[]; readonly orders: readonly AxisOrder[] }>();
  for (const [row, orders] of ordersOfRows.entries()) {
    const group = groups.get(orders.join()) ?? { rows: [], orders };
    groups.set(orders.join(), group);
    group.rows.push(row);
  }
  return [...groups.values()];
}
