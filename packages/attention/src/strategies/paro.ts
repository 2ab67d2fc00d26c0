import type { Backend, DeviceMask } from "@paroattn/backend";
import { type BlockPartition, partitionLayout } from "@paroattn/reorder";
import { bucketOf } from "@paroattn/sparse-masks";
import { checkPlanFits } from "../plan/fit.js";
import { PLAN_BLOCK_SIZE, type Plan, planMask } from "../plan/plan.js";
import type { AttentionRun, AttentionSite, AttentionStrategy } from "../strategy.js";

/**
 * PAROAttention: each head's tokens in the order that the plan chose, and only the blocks that its mask keeps
 * (section 4.2). The plan's masks stay packed; the current bucket's are on the device.
 *
 * `start` throws a `PlanError` for another architecture, layout, number of layers or heads, and warns about other weights.
 */
export function paroAttention(options: { readonly plan: Plan }): AttentionStrategy {
  return {
    name: "paro",
    async start(generation) {
      await checkPlanFits(options.plan, generation);
      return new ParoRun(options.plan, generation.backend);
    },
  };
}

class ParoRun implements AttentionRun {
  readonly #plan: Plan;
  readonly #backend: Backend;
  readonly #partition: BlockPartition;
  /** By bucket and layer; a mask's density is counted once. */
  readonly #densities = new Map<string, number>();
  /** Of the current bucket, by layer. */
  readonly #masks = new Map<number, DeviceMask>();
  #bucket = -1;
  #densitySum = 0;
  #sites = 0;

  constructor(plan: Plan, backend: Backend) {
    this.#plan = plan;
    this.#backend = backend;
    this.#partition = partitionLayout(plan.layout, PLAN_BLOCK_SIZE);
  }

  before(): "compute" {
    return "compute";
  }

  attend(site: AttentionSite, front: Parameters<AttentionRun["attend"]>[1]) {
    const mask = this.#mask(site);
    this.#densitySum += this.#density(site) * site.branches.length;
    this.#sites += site.branches.length;
    const operands = front.operands({ orders: this.#plan.orders[site.layer]! });
    return front.backend.attention({ operands, mask }).output;
  }

  report() {
    return { strategy: "paro", density: this.#sites === 0 ? 1 : this.#densitySum / this.#sites };
  }

  dispose(): void {
    for (const mask of this.#masks.values()) mask.dispose();
    this.#masks.clear();
  }

  #mask({ layer, timestep }: AttentionSite): DeviceMask {
    const bucket = bucketOf(this.#plan.buckets, timestep);
    if (bucket !== this.#bucket) this.dispose();
    this.#bucket = bucket;
    let mask = this.#masks.get(layer);
    if (mask === undefined) {
      mask = this.#backend.prepareMask(planMask(this.#plan, bucket, layer));
      this.#masks.set(layer, mask);
    }
    return mask;
  }

  #density({ layer, timestep }: AttentionSite): number {
    const bucket = bucketOf(this.#plan.buckets, timestep);
    const key = `${bucket} ${layer}`;
    let density = this.#densities.get(key);
    if (density === undefined) {
      density = planMask(this.#plan, bucket, layer).density({
        queryPartition: this.#partition,
        keyPartition: this.#partition,
      });
      this.#densities.set(key, density);
    }
    return density;
  }
}
