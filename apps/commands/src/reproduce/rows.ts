import type { CriterionKind } from "@paroattn/attention";
import type { BucketShare } from "@paroattn/sparse-masks";

/** How the plan of a row is calibrated. */
export interface PlanRecipe {
  /** Every head in native order, or the order that the scores choose at a weight of sparsity against incoherence. */
  readonly orders: "native" | { readonly alpha: number };
  /** Which steps share masks. */
  readonly share: BucketShare;
  readonly criterion: CriterionKind;
  /** 1 keeps every block: what remains of PARO is the order. */
  readonly density: number;
}

/** The tables of the experiment, in their order. */
export const TABLES = ["sparse", "steps", "quantized", "both", "alpha", "criteria"] as const;

export type TableName = (typeof TABLES)[number];

/** One row of the experiment: one way to compute attention, drawn for every prompt and seed beside dense. */
export interface Row {
  readonly name: string;
  readonly table: TableName;
  /** Undefined for dense attention. */
  readonly plan: PlanRecipe | undefined;
  /** A name that `precisionFromName` reads. */
  readonly precision: string;
  /** Whether a speed is claimed: a dense fp32 run is then drawn next to each of its runs. */
  readonly timed: boolean;
}

/** PARO as this project runs it unless told otherwise. */
function paro(density: number, changes: Partial<PlanRecipe> = {}): PlanRecipe {
  return {
    orders: { alpha: 0.5 },
    share: "secondHalf",
    criterion: "globalBudget",
    density,
    ...changes,
  };
}

const native = (density: number) => paro(density, { orders: "native" });

type RowOptions = Partial<Pick<Row, "precision" | "timed">>;

function row(table: TableName, name: string, plan?: PlanRecipe, options: RowOptions = {}): Row {
  return { name, table, plan, precision: "fp32", timed: false, ...options };
}

const timed: RowOptions = { timed: true };

/**
 * The experiment of PAROAttention (sections 4 and 5) on one model. Where one thing is varied, all else is PARO's default at
 * density 0.5; the row to compare with is `paro 0.5`.
 */
export const ROWS: readonly Row[] = [
  row("sparse", "paro 0.5", paro(0.5), timed),
  row("sparse", "native 0.5", native(0.5)),
  row("sparse", "paro 0.3", paro(0.3), timed),
  row("sparse", "native 0.3", native(0.3)),
  row("sparse", "paro 0.2", paro(0.2), timed),
  row("sparse", "native 0.2", native(0.2)),
  row("steps", "own masks at every step", paro(0.5, { share: "none" })),
  row("steps", "one mask for all steps", paro(0.5, { share: "all" })),
  row("quantized", "int8 qk", undefined, { precision: "int8-qk" }),
  row("quantized", "int8", paro(1), { precision: "int8", timed: true }),
  row("quantized", "int8 native order", undefined, { precision: "int8" }),
  row("quantized", "int8 row groups", paro(1), { precision: "int8:row" }),
  row("quantized", "int4 qk", undefined, { precision: "int4-qk" }),
  row("quantized", "int4", paro(1), { precision: "int4", timed: true }),
  row("quantized", "int4 native order", undefined, { precision: "int4" }),
  row("quantized", "int4 row groups", paro(1), { precision: "int4:row" }),
  row("both", "paro 0.3 int8", paro(0.3), { precision: "int8", timed: true }),
  row("both", "paro 0.5 int4", paro(0.5), { precision: "int4", timed: true }),
  ...[0, 0.25, 0.75, 1].map((alpha) =>
    row("alpha", `alpha ${alpha}`, paro(0.5, { orders: { alpha } })),
  ),
  row("criteria", "density per head", paro(0.5, { criterion: "headDensity" })),
  row("criteria", "mass per query block", paro(0.5, { criterion: "topP" })),
  row("criteria", "fixed threshold", paro(0.5, { criterion: "threshold" })),
];
