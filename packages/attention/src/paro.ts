import type { DeviceMask } from "@paroattn/backend";
import { partitionLayout } from "@paroattn/reorder";
import { bucketOf } from "@paroattn/sparse-masks";
import { PlanError } from "./errors.js";
import { differences } from "./model-match.js";
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
 * what differs. Other weights (an fp16 copy, a fine-tune) are warned of and run.
 */
export function paroAttention(options: { readonly plan: Plan }): AttentionStrategy {
  const { plan } = options;
  return {
    name: "paro",
    async start(generation) {
      const differing = differences(plan, generation);
      if (differing !== undefined) {
        throw new PlanError({
          expected: `a model that fits the plan: ${differing.expected},`,
          found: differing.found,
        });
      }
      const fingerprint = await generation.weightsFingerprint();
      if (fingerprint !== plan.weightsFingerprint) {
        generation.warn(
          `The plan was calibrated on other weights (fingerprint ${short(plan.weightsFingerprint)}, these have ${short(fingerprint)}); it is used all the same, and the picture may suffer`,
        );
      }
      return new ParoRun(plan, generation);
    },
  };
}

/** The masks of the current bucket, made when a layer first asks for them, and what was executed so far. */
class ParoRun implements AttentionRun {
  readonly #plan: Plan;
  readonly #generation: GenerationInfo;
  readonly #layers = new Map<number, { readonly mask: DeviceMask; readonly density: number }>();
  #bucket = -1;
  /** Densities summed over sites and batch rows. All rows have the same number of valid pairs. */
  #executed = 0;
  #rows = 0;

  constructor(plan: Plan, generation: GenerationInfo) {
    this.#plan = plan;
    this.#generation = generation;
  }

  before(): "compute" {
    return "compute";
  }

  attend(site: AttentionSite, front: AttentionFront) {
    const { layer, branches } = site;
    const { orders, precision } = this.#plan;
    const { mask, density } = this.#maskOf(site);
    using operands = front.operands({ orders: orders[layer]!, precision });
    const { output } = front.backend.attention({ operands, mask });
    this.#executed += density * branches.length;
    this.#rows += branches.length;
    return output;
  }

  report(): AttentionReport {
    return { strategy: "paro", density: this.#rows === 0 ? 1 : this.#executed / this.#rows };
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

function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}
