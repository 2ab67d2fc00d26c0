import type { AttentionPrecision, Backend, DeviceMask, DeviceTensor } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { pictureOfRows } from "../masks/picture-of-rows.js";
import type { Attended } from "../run/attended.js";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";
import { operandsOfRows } from "../run/operands-of-rows.js";
import { pickRows } from "../run/pick-rows.js";
import { notThere } from "../run/scheduled-run.js";
import { SiteStore } from "../run/site-store.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import type { WindowMask } from "../window/window-mask.js";
import { isWindowed, type LaterUse, type SharingMethod, sharesGuidance } from "./sharing-method.js";

export interface SharedSitesOptions {
  readonly window: WindowMask;
  readonly heads: number;
  readonly precision: AttentionPrecision;
  /** The generation's. */
  readonly backend: Backend;
}

/** The sites of one run, with what they share: each site's last output, and what its window last missed. */
export class SharedSites {
  readonly #options: SharedSitesOptions;
  readonly #orders: readonly AxisOrder[];
  readonly #mask: DeviceMask;
  readonly #outputs = new SiteStore<KeptTensor>();
  /** full - window, [batch, tokens, heads * headDim], of the last site that was computed in full. */
  readonly #residuals = new SiteStore<KeptTensor>();

  constructor(options: SharedSitesOptions) {
    const { window, heads, backend } = options;
    this.#options = options;
    this.#orders = new Array<AxisOrder>(heads).fill(window.order);
    this.#mask = backend.prepareMask(window.mask);
  }

  /**
   * A site by a method. `later`: what to keep of it; without it everything stays as it was, so that a method can be tried.
   * Throws a `ScheduleError` where nothing was kept that the method goes by.
   */
  attend(
    site: AttentionSite,
    front: AttentionFront,
    { method, later }: { readonly method: SharingMethod; readonly later?: LaterUse },
  ): Attended {
    const { backend } = front;
    if (method === "shareStep") {
      const output = required(this.#outputs, site).view(backend);
      this.#drop(site, later);
      return { output, density: 0 };
    }
    const rows = sharesGuidance(method) ? conditionalRows(site) : [...site.branches.keys()];
    const places = placesIn(rows, site);
    const own = isWindowed(method)
      ? this.#window(site, front, rows)
      : this.#full(front, rows, later?.residual ?? false);
    const output = pickRows(backend, own.output, places);
    if (later?.output) this.#outputs.set(site, keepTensor(this.#options.backend, output));
    if (later?.residual && own.residual !== undefined) {
      using residual = pickRows(backend, own.residual, places);
      this.#residuals.set(site, keepTensor(this.#options.backend, residual));
    }
    this.#drop(site, later);
    const density = (own.density * rows.length) / site.branches.length;
    return { output, density, dense: method === "full" };
  }

  get bytes(): number {
    const { bits } = this.#options.window.mask;
    return this.#outputs.bytes + this.#residuals.bytes + bits.byteLength;
  }

  dispose(): void {
    this.#outputs.dispose();
    this.#residuals.dispose();
    this.#mask.dispose();
  }

  /** All pairs; in sequence order unless the window is computed as well. */
  #full(
    front: AttentionFront,
    rows: readonly number[],
    wantsResidual: boolean,
  ): Omit<Attended, "dense"> & { readonly residual?: DeviceTensor } {
    const { backend } = front;
    const { precision, window } = this.#options;
    if (!wantsResidual) {
      using operands = operandsOfRows(front, { precision, rows });
      return { output: backend.attention({ operands }).output, density: 1 };
    }
    using operands = operandsOfRows(front, { orders: this.#orders, precision, rows });
    const { output } = backend.attention({ operands });
    using kept = backend.attention({ operands, mask: this.#mask }).output;
    const residual = backend.combine({
      terms: [
        { tensor: output, factor: 1 },
        { tensor: kept, factor: -1 },
      ],
    });
    return { output, density: 1 + window.density, residual };
  }

  #window(
    site: AttentionSite,
    front: AttentionFront,
    rows: readonly number[],
  ): { readonly output: DeviceTensor; readonly density: number; readonly residual?: undefined } {
    const { backend } = front;
    const { precision, window } = this.#options;
    const missed = required(this.#residuals, site).view(backend);
    using operands = operandsOfRows(front, { orders: this.#orders, precision, rows });
    const residual = pickRows(backend, missed, rows);
    const { output } = backend.attention({ operands, mask: this.#mask, residual });
    return { output, density: window.density };
  }

  #drop(site: AttentionSite, later: LaterUse | undefined): void {
    if (later?.output === false) this.#outputs.delete(site);
    if (later?.residual === false) this.#residuals.delete(site);
  }
}

/** Rows of the conditional branch; all, where it is not among them, because branches are computed apart. */
function conditionalRows({ branches }: AttentionSite): number[] {
  const rows = [...branches.keys()].filter((row) => branches[row] === "conditional");
  return rows.length === 0 ? [...branches.keys()] : rows;
}

/** For each batch row, which of `rows` answers for it: itself, or the conditional one of its picture. */
function placesIn(rows: readonly number[], { branches }: AttentionSite): number[] {
  const pictures = pictureOfRows(branches);
  return pictures.map((picture, row) => {
    const own = rows.indexOf(row);
    return own === -1 ? rows.findIndex((other) => pictures[other] === picture) : own;
  });
}

function required(store: SiteStore<KeptTensor>, site: AttentionSite): KeptTensor {
  const kept = store.get(site);
  if (kept === undefined) throw notThere(site);
  return kept;
}
