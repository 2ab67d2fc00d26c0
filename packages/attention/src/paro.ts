import {
  type Arithmetic,
  type AttentionPrecision,
  type DeviceTensor,
  resolvePrecision,
} from "@paroattn/backend";
import { type BlockPartition, partitionLayout } from "@paroattn/reorder";
import { type BlockMask, bucketOf } from "@paroattn/sparse-masks";
import { pictureOfRows } from "./masks/picture-of-rows.js";
import { StepMasks, type StepMemory } from "./masks/step-masks.js";
import { checkFit } from "./plan/check-fit.js";
import { type Plan, planMask } from "./plan/plan.js";
import { ScheduleError } from "./schedule/schedule-error.js";
import { type StepRole, type StepSchedule, stepRoles } from "./schedule/step-schedule.js";
import type {
  AttentionFront,
  AttentionReport,
  AttentionRun,
  AttentionSite,
  AttentionStrategy,
} from "./strategy.js";

export interface ParoOptions extends StepMemory {
  readonly plan: Plan;
  /** Another one than the plan's is as good: orders and masks come from the full map. Default: the plan's. */
  readonly precision?: AttentionPrecision;
  /**
   * Steps that are dense, and steps at which masks are made anew, because patterns can shift with the prompt: what is kept
   * from then on, until the next refresh, is what a calibration on that step of that picture would keep, at the plan's
   * density and in its orders. A refresh answers dense, in f32, and costs about two dense steps. Default: the plan's masks
   * at every step.
   */
  readonly schedule?: StepSchedule;
}

/**
 * Block-sparse attention with a plan (PAROAttention section 4): each head's tokens in its own axis order, and only the
 * blocks of its mask. Guidance branches share the masks. Masks stay packed, but for that of the layer at work.
 *
 * `start` throws a `PlanError` for another architecture, layout, or number of layers or heads than the plan's, or
 * timesteps that its buckets do not tell apart, naming what differs. Other weights (an fp16 copy, a fine-tune) are warned
 * of and run. It throws a `ScheduleError` for a schedule that the run is too short for, and the backend's
 * `UnsupportedError` for a precision that it does not execute.
 */
export function paroAttention(options: ParoOptions): AttentionStrategy {
  const { plan, schedule = {} } = options;
  const precision = resolvePrecision(options.precision ?? plan.precision);
  return {
    name: "paro",
    async start(generation) {
      // Before the weights are read for their fingerprint.
      const arithmetic = generation.backend.arithmetic(precision);
      const roles = stepRoles(schedule, generation.steps);
      await checkFit(plan, generation);
      return new ParoRun({ ...options, precision, arithmetic, roles });
    },
  };
}

/** A layer's mask, packed, and its density. */
interface LayerMask {
  readonly mask: BlockMask;
  readonly density: number;
}

/** What a refresh costs: dense attention, and the statistics, which multiply all queries and keys again. */
const REFRESH_PASSES = 2;

function unfinished({ step }: AttentionSite): ScheduleError {
  return new ScheduleError({
    expected: "attention in every layer at a refresh step",
    found: `some layers only, before step ${step}`,
  });
}

class ParoRun implements AttentionRun {
  readonly #options: ParoOptions;
  readonly #precision: AttentionPrecision;
  readonly #arithmetic: Arithmetic;
  readonly #roles: readonly StepRole[];
  readonly #partition: BlockPartition;
  /** The plan's masks of the last bucket that was met, [layers]; views of the plan's bytes. */
  readonly #planned: (LayerMask | undefined)[] = [];
  #bucket = -1;
  /** The masks of the last refresh, [pictures][layers]. */
  #refreshed: readonly (readonly LayerMask[])[] | undefined;
  /** The refresh that is going on. */
  #refresh: StepMasks | undefined;
  /** Densities summed over sites. All have the same number of valid pairs for each guidance branch. */
  #executed = 0;
  #sites = 0;

  constructor(
    options: ParoOptions & {
      readonly precision: AttentionPrecision;
      readonly arithmetic: Arithmetic;
      readonly roles: readonly StepRole[];
    },
  ) {
    this.#options = options;
    this.#precision = options.precision;
    this.#arithmetic = options.arithmetic;
    this.#roles = options.roles;
    this.#partition = partitionLayout(options.plan.layout, options.plan.blockSize);
  }

  before(): "compute" {
    return "compute";
  }

  attend(site: AttentionSite, front: AttentionFront): DeviceTensor | Promise<DeviceTensor> {
    switch (this.#roles[site.step]!) {
      case "dense":
        return this.#attendDense(front);
      case "refresh":
        return this.#attendRefresh(site, front);
      case "sparse":
        return this.#attendSparse(site, front);
    }
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
    this.#refresh?.dispose();
    this.#refresh = undefined;
  }

  #attendDense(front: AttentionFront): DeviceTensor {
    using operands = front.operands({ precision: this.#precision });
    this.#count(1);
    return front.backend.attention({ operands }).output;
  }

  async #attendRefresh(site: AttentionSite, front: AttentionFront): Promise<DeviceTensor> {
    const pictures = Math.max(...pictureOfRows(site.branches)) + 1;
    this.#refresh ??= new StepMasks({ ...this.#options, pictures });
    const output = await this.#refresh.attend(site, front);
    this.#count(REFRESH_PASSES);
    if (this.#refresh.complete) {
      const masks = await this.#refresh.make();
      this.#refreshed = masks.map((layers) => layers.map((mask) => this.#measured(mask)));
      this.dispose();
    }
    return output;
  }

  #attendSparse(site: AttentionSite, front: AttentionFront): DeviceTensor {
    const { layer } = site;
    const { orders } = this.#options.plan;
    if (this.#refresh !== undefined) throw unfinished(site);
    const ofRows = this.#masksOf(site);
    const packed = ofRows.map(({ mask }) => mask);
    const shared = packed.every((mask) => mask === packed[0]);
    // Freed behind the attention, so that the device never holds the lists of two layers.
    using mask = front.backend.prepareMask(shared ? packed[0]! : packed);
    using operands = front.operands({ orders: orders[layer]!, precision: this.#precision });
    const { output } = front.backend.attention({ operands, mask });
    this.#count(ofRows.reduce((sum, { density }) => sum + density, 0) / ofRows.length);
    return output;
  }

  /** The mask of each batch row. */
  #masksOf({ layer, timestep, branches }: AttentionSite): readonly LayerMask[] {
    const refreshed = this.#refreshed;
    if (refreshed === undefined) {
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

  #count(density: number): void {
    this.#executed += density;
    this.#sites += 1;
  }
}
