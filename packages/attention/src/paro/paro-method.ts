import type { AttentionPrecision } from "@paroattn/backend";
import { type BlockPartition, partitionLayout } from "@paroattn/reorder";
import { type BlockMask, bucketOf } from "@paroattn/sparse-masks";
import { pictureOfRows } from "../masks/picture-of-rows.js";
import { StepMasks, type StepMemory } from "../masks/step-masks.js";
import { type Plan, planMask } from "../plan/plan.js";
import type { Attended } from "../run/attended.js";
import type { ScheduledMethod } from "../run/scheduled-run.js";
import { ScheduleError } from "../schedule/schedule-error.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";

/** A layer's mask, packed, and its density. */
interface LayerMask {
  readonly mask: BlockMask;
  readonly density: number;
}

/** What a refresh costs: dense attention, and the statistics, which multiply all queries and keys again. */
const REFRESH_PASSES = 2;

/** One run's masks: the plan's until the first refresh, then the picture's own. */
export class ParoMethod implements ScheduledMethod {
  readonly #options: StepMemory & { readonly plan: Plan; readonly precision: AttentionPrecision };
  readonly #partition: BlockPartition;
  /** The plan's masks of the last bucket that was met, [layers]; views of the plan's bytes. */
  readonly #planned: (LayerMask | undefined)[] = [];
  #bucket = -1;
  /** The masks of the last refresh, [pictures][layers]. */
  #refreshed: readonly (readonly LayerMask[])[] = [];
  /** The refresh that is going on; from its first layer to its last. */
  #refresh: StepMasks | undefined;

  constructor(
    options: StepMemory & { readonly plan: Plan; readonly precision: AttentionPrecision },
  ) {
    this.#options = options;
    this.#partition = partitionLayout(options.plan.layout, options.plan.blockSize);
  }

  async refresh(site: AttentionSite, front: AttentionFront): Promise<Attended> {
    const pictures = Math.max(...pictureOfRows(site.branches)) + 1;
    this.#refresh ??= new StepMasks({ ...this.#options, pictures });
    const output = await this.#refresh.attend(site, front);
    if (this.#refresh.complete) {
      const masks = await this.#refresh.make();
      this.#refreshed = masks.map((layers) => layers.map((mask) => this.#measured(mask)));
      this.#endRefresh();
    }
    return { output, density: REFRESH_PASSES };
  }

  sparse(site: AttentionSite, front: AttentionFront): Attended {
    if (this.#refresh !== undefined) throw unfinished(site);
    const { plan, precision } = this.#options;
    const ofRows = this.#masksOf(site);
    const packed = ofRows.map(({ mask }) => mask);
    const shared = packed.every((mask) => mask === packed[0]);
    // Freed behind the attention, so that the device never holds the lists of two layers.
    using mask = front.backend.prepareMask(shared ? packed[0]! : packed);
    using operands = front.operands({ orders: plan.orders[site.layer]!, precision });
    const { output } = front.backend.attention({ operands, mask });
    const density = ofRows.reduce((sum, { density }) => sum + density, 0) / ofRows.length;
    return { output, density };
  }

  keptBytes(): number {
    return this.#refreshed.flat().reduce((sum, { mask }) => sum + mask.bits.byteLength, 0);
  }

  dispose(): void {
    this.#endRefresh();
  }

  /** Frees the statistics that masks are made of. */
  #endRefresh(): void {
    this.#refresh?.dispose();
    this.#refresh = undefined;
  }

  /** The mask of each batch row. */
  #masksOf({ layer, timestep, branches }: AttentionSite): readonly LayerMask[] {
    const refreshed = this.#refreshed;
    if (refreshed.length === 0) {
      const planned = this.#plannedMask(layer, timestep);
      return branches.map(() => planned);
    }
    return pictureOfRows(branches).map((picture) => refreshed[picture]![layer]!);
  }

  #plannedMask(layer: number, timestep: number): LayerMask {
    const { plan } = this.#options;
    const bucket = bucketOf(plan.buckets, timestep);
    if (bucket !== this.#bucket) {
      this.#planned.length = 0;
      this.#bucket = bucket;
    }
    this.#planned[layer] ??= this.#measured(planMask(plan, { bucket, layer }));
    return this.#planned[layer];
  }

  #measured(mask: BlockMask): LayerMask {
    const partition = this.#partition;
    const density = mask.density({ queryPartition: partition, keyPartition: partition });
    return { mask, density };
  }
}

function unfinished({ step }: AttentionSite): ScheduleError {
  return new ScheduleError({
    expected: "attention in every layer at a refresh step",
    found: `some layers only, before step ${step}`,
  });
}
