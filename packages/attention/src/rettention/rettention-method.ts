import type { AttentionPrecision, Backend, DeviceMask, DeviceTensor } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import type { Attended } from "../run/attended.js";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";
import { notThere, type ScheduledMethod } from "../run/scheduled-run.js";
import { type Kept, SiteStore } from "../run/site-store.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import type { WindowMask } from "../window/window-mask.js";
import { denominatorRatio } from "./denominator-ratio.js";
import { keepResidual, type ResidualPrecision } from "./keep-residual.js";
import { residualOf } from "./residual-of.js";

interface RettentionMethodOptions {
  readonly window: WindowMask;
  readonly heads: number;
  readonly headDim: number;
  readonly lambda: number;
  readonly strict: boolean;
  readonly residual: ResidualPrecision;
  readonly precision: AttentionPrecision;
  /** [steps]: sparse steps between the last refresh and this one. */
  readonly sparseSteps: readonly number[];
  /** The generation's. */
  readonly backend: Backend;
}

/** What a refresh measures at a site. */
interface Measured extends Kept {
  /** 1 - rho, f32 [batch, heads, tokens]. */
  readonly shortfall: KeptTensor;
  /** [batch, tokens, heads * headDim] */
  readonly residual: KeptTensor;
}

/** One run of Re-ttention: ratios and residuals of each site since its last refresh. */
export class RettentionMethod implements ScheduledMethod {
  readonly #options: RettentionMethodOptions;
  readonly #orders: readonly AxisOrder[];
  /** One for all layers, branches and steps, so that the host's work for it is done once. */
  readonly #mask: DeviceMask;
  readonly #measured = new SiteStore<Measured>();

  constructor(options: RettentionMethodOptions) {
    this.#options = options;
    this.#orders = new Array<AxisOrder>(options.heads).fill(options.window.order);
    this.#mask = options.backend.prepareMask(options.window.mask);
  }

  async refresh(site: AttentionSite, front: AttentionFront): Promise<Attended> {
    const { backend } = front;
    const { precision, window } = this.#options;
    using operands = front.operands({ orders: this.#orders, precision });
    const mask = this.#mask;
    const all = backend.attention({ operands, returnLogSumExp: true });
    const kept = backend.attention({ operands, mask, returnLogSumExp: true });
    // Freed behind what is computed of it: each is as large as an output.
    using keptOutput = kept.output;
    const [logOfAll, logOfKept] = await Promise.all([
      backend.read(all.logSumExp!),
      backend.read(kept.logSumExp!),
    ]);
    const ratio = Float32Array.from(
      denominatorRatio({ kept: toFloat32(logOfKept), all: toFloat32(logOfAll) }),
    );
    const { shape } = logOfAll;
    using residual = residualOf(site, backend, {
      all: all.output,
      kept: keptOutput,
      ratio: { dtype: "f32", shape, data: ratio },
    });
    const shortfall = backend.upload(
      tensor({ dtype: "f32", shape, data: ratio.map((rho) => 1 - rho) }),
    );
    this.#measured.set(site, await this.#keep({ shortfall, residual }));
    return { output: all.output, density: 1 + window.density };
  }

  sparse(site: AttentionSite, front: AttentionFront): Attended {
    const { backend } = front;
    const { precision, window } = this.#options;
    const measured = this.#measured.get(site);
    if (measured === undefined) throw notThere(site);
    using operands = front.operands({ orders: this.#orders, precision });
    const rowScale = this.#rowScale(site, backend, measured.shortfall.view(backend));
    using residual = measured.residual.view(backend);
    const { output } = backend.attention({ operands, mask: this.#mask, rowScale, residual });
    return { output, density: window.density };
  }

  keptBytes(): number {
    return this.#measured.bytes + this.#options.window.mask.bits.byteLength;
  }

  dispose(): void {
    this.#measured.dispose();
    this.#mask.dispose();
  }

  /** Both outlive the layer's scope. */
  async #keep(made: Record<"shortfall" | "residual", DeviceTensor>): Promise<Measured> {
    const { backend, headDim, residual: precision } = this.#options;
    const shortfall = keepTensor(backend, made.shortfall);
    const residual = await keepResidual({ residual: made.residual, headDim, precision, backend });
    return {
      shortfall,
      residual,
      bytes: shortfall.bytes + residual.bytes,
      [Symbol.dispose]() {
        shortfall[Symbol.dispose]();
        residual[Symbol.dispose]();
      },
    };
  }

  /** The ramped ratio, as 1 - max(0, shortfall - lambda * sparse steps), f32 [batch, heads, tokens]. */
  #rowScale({ step }: AttentionSite, backend: Backend, shortfall: DeviceTensor): DeviceTensor {
    const { lambda, strict, sparseSteps } = this.#options;
    const scalar = (value: number) =>
      backend.upload(tensor({ dtype: "f32", shape: [1], data: Float32Array.of(value) }));
    const ramped = backend.add({ a: shortfall, b: scalar(-lambda * sparseSteps[step]!) });
    const missing = strict ? ramped : backend.activate({ input: ramped, activation: "relu" });
    const negative = backend.combine({ terms: [{ tensor: missing, factor: -1 }] });
    return backend.add({ a: negative, b: scalar(1) });
  }
}
