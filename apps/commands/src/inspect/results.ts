import type { HeadView, LayerView } from "@paroattn/attention";
import { describeLayout } from "@paroattn/reorder";
import { formatNumber, formatPercent } from "./describe.js";
import type { InspectionSubject } from "./subject.js";

/** What `--json` tells of the run that was looked at. */
export interface InspectedStep {
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  /** 0-based. */
  readonly step: number;
  readonly timestep: number;
  /** Tokens, such as "64x64". */
  readonly layout: string;
  /** The block map is [blocks, blocks]. */
  readonly blocks: number;
  /** What masses and scores are the mean of. */
  readonly branches: readonly string[];
}

/** What `--json` tells of one head. */
export interface InspectedHead {
  readonly layer: number;
  readonly head: number;
  readonly file: string;
  /** Of this step. */
  readonly orders: readonly {
    readonly order: string;
    readonly sparse: number;
    readonly quant: number;
    readonly cost: number;
  }[];
  /** The plan's order. */
  readonly chosen: string;
  /** The order with the lowest cost at this step. */
  readonly cheapest: string;
  readonly density: number;
  readonly keptMass: number;
}

/** What `--json` prints with `--layer` and `--head`. */
export interface InspectHeadResult extends InspectedStep, InspectedHead {
  readonly totalMs: number;
}

/** What `--json` prints with `--all`. */
export interface InspectAllResult extends InspectedStep {
  readonly folder: string;
  readonly index: string;
  readonly heads: readonly InspectedHead[];
  readonly totalMs: number;
}

export function inspectedStep({ prompt, seed }: InspectionSubject, view: LayerView): InspectedStep {
  const { steps, step, timestep, layout, partition, branches } = view;
  const { blocks } = partition;
  return { prompt, seed, steps, step, timestep, layout: describeLayout(layout), blocks, branches };
}

export function inspectedHead(view: LayerView, head: HeadView, file: string): InspectedHead {
  const { planned, cheapest, density, keptMass } = head;
  return {
    layer: view.layer,
    head: head.head,
    file,
    orders: head.orders.map(({ order, sparse, quant, cost }) => ({ order, sparse, quant, cost })),
    chosen: planned,
    cheapest,
    density,
    keptMass,
  };
}

/** A few lines for people. */
export function formatInspectResult(result: InspectHeadResult | InspectAllResult): string {
  const { step, steps, timestep, seed } = result;
  const where = `step ${step} (0 to ${steps - 1}), timestep ${timestep}, seed ${seed}`;
  if ("heads" in result) {
    const { heads } = result;
    return [result.index, `${heads.length} heads, ${where}`].join("\n");
  }
  const scores = result.orders.map(
    ({ order, sparse, quant, cost }) =>
      `${order}: sparse ${formatNumber(sparse)}, incoherence ${formatNumber(quant)}, cost ${formatNumber(cost)}${order === result.chosen ? " (the plan's order)" : ""}`,
  );
  return [
    result.file,
    `layer ${result.layer}, head ${result.head}, ${where}`,
    ...scores,
    `density ${formatPercent(result.density)}, kept mass ${formatPercent(result.keptMass)}`,
  ].join("\n");
}
