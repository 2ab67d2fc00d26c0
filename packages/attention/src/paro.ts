import {
  type Arithmetic,
  type AttentionPrecision,
  type DeviceMask,
  resolvePrecision,
} from "@paroattn/backend";
import { partitionLayout } from "@paroattn/reorder";
import { bucketOf } from "@paroattn/sparse-masks";
import { checkFit } from "./plan/check-fit.js";
import { type Plan, planMask } from "./plan/plan.js";
import type {
  AttentionFront,
  AttentionReport,
  AttentionRun,
  AttentionSite,
  AttentionStrategy,
  GenerationInfo,
} from "./strategy.js";

/**
 * Block-sparse attention with a plan (PAROAttention section 4): each head's tokens in its own axis order, and only the
 * blocks of its mask. Guidance branches share the masks.
 *
 * `start` throws a `PlanError` for another architecture, layout, or number of layers or heads than the plan's, naming
 * what differs. Other weights (an fp16 copy, a fine-tune) are warned of and run. It throws the backend's
 * `UnsupportedError` for a precision that it does not execute.
 */
export function paroAttention(options: {
  readonly plan: Plan;
  /** Another one than the plan's is as good: orders and masks come from the full map. Default: the plan's. */
  readonly precision?: AttentionPrecision;
}): AttentionStrategy {
  const { plan } = options;
  const precision = resolvePrecision(options.precision ?? plan.precision);
  return {
    name: "paro",
    async start(generation) {
      // Before the weights are read for their fingerprint.
      const arithmetic = generation.backend.arithmetic(precision);
      await checkFit(plan, generation);
      return new ParoRun({ plan, precision, arithmetic, generation });
    },
  };
}

/** The masks of the current bucket, made when a layer first asks for them, and what was executed so far. */
class ParoRun implements AttentionRun {
  readonly #plan: Plan;
  readonly #precision: AttentionPrecision;
  readonly #arithmetic: Arithmetic;
  readonly #generation: GenerationInfo;
  readonly #layers = new Map<number, { readonly mask: DeviceMask; readonly density: number }>();
  #bucket = -1;
  /** Densities summed over sites. All have the same number of valid pairs for each guidance branch. */
  #executed = 0;
  #sites = 0;

  constructor(options: {
    readonly plan: Plan;
    readonly precision: AttentionPrecision;
    readonly arithmetic: Arithmetic;
    readonly generation: GenerationInfo;
  }) {
    this.#plan = options.plan;
    this.#precision = options.precision;
    this.#arithmetic = options.arithmetic;
    this.#generation = options.generation;
  }

  before(): "compute" {
    return "compute";
  }

  attend(site: AttentionSite, front: AttentionFront) {
    const { layer } = site;
    const precision = this.#precision;
    const { mask, density } = this.#maskOf(site);
    using operands = front.operands({ orders: this.#plan.orders[layer]!, precision });
    const { output } = front.backend.attention({ operands, mask });
    this.#executed += density;
    this.#sites += 1;
    return output;
  }

  report(): AttentionReport {
    return {
      strategy: "paro",
      density: this.#sites === 0 ? 1 : this.#executed / this.#sites,
      precision: this.#precision,
      arithmetic: this.#arithmetic,
    };
  }

  dispose(): void {
    for (const { mask } of this.#layers.values()) mask.dispose();
    this.#layers.clear();
  }

  #maskOf({ layer, timestep }: AttentionSite) {
    const bucket = bucketOf(this.#plan.buckets, timestep);
    if (bucket !== this.#bucket) {
      this.dispose();
      this.#bucket = bucket;
    }
    const known = this.#layers.get(layer);
    if (known !== undefined) return known;
    const { layout, blockSize } = this.#plan;
    const packed = planMask(this.#plan, { bucket, layer });
    const partition = partitionLayout(layout, blockSize);
    const density = packed.density({ queryPartition: partition, keyPartition: partition });
    const made = { mask: this.#generation.backend.prepareMask(packed), density };
    this.#layers.set(layer, made);
    return made;
  }
}
