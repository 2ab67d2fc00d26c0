import { tmpdir } from "node:os";
import type { DeviceTensor } from "@paroattn/backend";
import { partitionLayout } from "@paroattn/reorder";
import {
  type BlockMask,
  type HeadAddress,
  makeMaskSchedule,
  timestepBuckets,
} from "@paroattn/sparse-masks";
import type { Plan } from "../plan/plan.js";
import type { AttentionFront, AttentionSite } from "../strategy.js";
import { criterionForDensity } from "./criterion-for-density.js";
import { interruptible } from "./interruptible.js";
import { DEFAULT_MEMORY_LIMIT, MassStore } from "./mass-store.js";
import { pictureOfRows } from "./picture-of-rows.js";
import { siteMasses } from "./site-masses.js";

const ONE_STEP = timestepBuckets({ boundaries: [], steps: [1] });

/** Where the block masses of a step are kept until its last layer. */
export interface StepMemory {
  /** Block masses up to so many bytes are kept in memory, more in a scratch file. Default: 256 MiB. */
  readonly memoryLimit?: number;
  /** Where the scratch file goes; it has no name and ends with the process. Default: the system's temporary folder. */
  readonly scratchFolder?: string;
}

/**
 * Masks made of one step's own block statistics, in a plan's orders and at its density: what calibrating on that step alone
 * would keep. Holds masses until all layers were watched.
 */
export class StepMasks {
  readonly #plan: Plan;
  /** Its buckets are pictures. */
  readonly #store: MassStore;
  readonly #pictures: number;
  readonly #watched = new Set<number>();

  constructor(
    options: StepMemory & {
      readonly plan: Plan;
      /** Pictures in the batch. */
      readonly pictures: number;
    },
  ) {
    const { plan, pictures } = options;
    const { memoryLimit = DEFAULT_MEMORY_LIMIT, scratchFolder = tmpdir() } = options;
    const { layers, heads, layout, blockSize } = plan;
    const { blocks } = partitionLayout(layout, blockSize);
    this.#plan = plan;
    this.#pictures = pictures;
    this.#store = new MassStore({
      buckets: pictures,
      layers,
      heads,
      blocks,
      memoryLimit,
      scratchFolder,
    });
  }

  /** Answers dense, in f32, and takes note of the masses. */
  async attend(site: AttentionSite, front: AttentionFront): Promise<DeviceTensor> {
    const { orders, scoring } = this.#plan;
    const { layer, branches } = site;
    const { epsilon } = scoring;
    const { output, masses } = await siteMasses({ site, front, orders: orders[layer]!, epsilon });
    const size = masses.length / branches.length;
    for (const [row, picture] of pictureOfRows(branches).entries()) {
      this.#store.add({ bucket: picture, layer }, masses.subarray(row * size, (row + 1) * size));
    }
    this.#watched.add(layer);
    return output;
  }

  /** Whether every layer was watched. */
  get complete(): boolean {
    return this.#watched.size === this.#plan.layers;
  }

  /** [pictures][layers]: by the plan's kind of criterion, over all layers and heads of a picture. Throws a `CalibrationError` where a layer is missing. */
  async make(): Promise<BlockMask[][]> {
    const { layout, blockSize, density, criterion: planned } = this.#plan;
    const all = interruptible(this.#store.averages());
    const made: BlockMask[][] = [];
    for (let picture = 0; picture < this.#pictures; picture++) {
      const given = {
        source: {
          ...all,
          buckets: 1,
          read: (at: HeadAddress) => all.read({ ...at, bucket: picture }),
        },
        partition: partitionLayout(layout, blockSize),
        density: density.asked,
        buckets: ONE_STEP,
        textOnlyShare: planned.textOnlyShare,
      };
      const criterion = await criterionForDensity({ ...given, kind: planned.kind });
      const { masks } = await makeMaskSchedule({ ...given, criterion });
      made.push([...masks[0]!]);
    }
    return made;
  }

  dispose(): void {
    this.#store.dispose();
  }
}
