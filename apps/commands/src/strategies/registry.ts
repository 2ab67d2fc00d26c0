import {
  type AttentionStrategy,
  adaSpa,
  defaultSchedule,
  denseAttention,
  ditFastAttention,
  draftAttention,
  type Plan,
  paroAttention,
  rettention,
  reuseAttention,
  type StepSchedule,
  sparseVideoGen,
  windowAttention,
} from "@paroattn/attention";
import type { AttentionPrecision } from "@paroattn/backend";

/** What decides a strategy's own dense steps. */
export interface RunShape {
  readonly steps: number;
  /** 1 for pictures. */
  readonly frames: number;
}

/** What a strategy is made of; what is left out is its own to choose. */
interface StrategyOptions {
  readonly frames: number;
  readonly precision?: AttentionPrecision;
  readonly schedule?: StepSchedule;
  /** Of its sparse steps; where the sparsity is "density". */
  readonly density?: number;
  /** Where the sparsity is a plan's. */
  readonly plan?: Plan;
}

/** In dense attentions: so much, and so many times the density of a sparse step. */
interface RefreshWork {
  readonly fixed: number;
  readonly ofSparse: number;
}

export type PlanOrders = "chosen" | "native";

/** One way to compute attention, as a name of a command line stands for it. */
interface StrategyEntry {
  /** What decides how much its sparse steps compute; `none`: it has no such steps, or they compute nothing. */
  readonly sparsity: "none" | "density" | "plan";
  /** Of its plan: those that calibration chose, or the native one for every head. */
  readonly orders?: PlanOrders;
  /** The dense steps that its paper gives it. */
  readonly paper: (run: RunShape) => StepSchedule;
  /** What a refresh computes; `first` is the run's first. Default: dense attention. */
  readonly refreshWork?: (options: { readonly first: boolean }) => RefreshWork;
  readonly make: (options: StrategyOptions) => AttentionStrategy;
}

const DENSE_AND_SPARSE: RefreshWork = { fixed: 1, ofSparse: 1 };
const NO_DENSE_STEPS = () => ({});
/** Section 5 of Re-ttention gives its dense steps to all that it compares with. */
const LIKE_RETTENTION = ({ steps, frames }: RunShape) =>
  defaultSchedule({ layout: { frames }, steps });

const FIRST_QUARTER = ({ steps }: RunShape) => ({ warmUp: Math.floor(steps / 4) });
/** Of 50 steps the first 10, and searches at 10 and 30. */
const LIKE_ADASPA = ({ steps }: RunShape) => {
  const warmUp = Math.floor(steps / 5);
  return { warmUp, refresh: [warmUp, Math.floor((3 * steps) / 5)] };
};

/** For a strategy with nothing to look anew at: refreshes are plain dense steps. */
function withoutRefresh({ refresh, ...schedule }: StepSchedule = {}): StepSchedule {
  return { ...schedule, ...(refresh && { dense: refresh }) };
}

const planned = (options: StrategyOptions) => ({ ...options, plan: options.plan! });
const paroAsPlanned = (options: StrategyOptions) =>
  paroAttention({ ...planned(options), schedule: withoutRefresh(options.schedule) });
const windowOf = ({ density }: StrategyOptions) =>
  density === undefined ? {} : { window: { density } };

/**
 * All strategies that the command lines know; one more is one more entry. Papers and their schedules: PAROAttention (arXiv
 * 2506.16054) has no dense steps; Re-ttention (arXiv 2505.22918), section 5; Sparse VideoGen (arXiv 2502.01776) and DraftAttention (arXiv
 * 2505.14708), the first quarter; AdaSpa (arXiv 2502.21079), the first fifth and two searches. DiTFastAttn (arXiv 2406.08552) has a searched plan instead:
 * here it is its window with what the last dense step missed, at Re-ttention's dense steps.
 */
const entries = {
  dense: {
    sparsity: "none",
    paper: NO_DENSE_STEPS,
    make: ({ precision }) => denseAttention(precision && { precision }),
  },
  paro: { sparsity: "plan", orders: "chosen", paper: NO_DENSE_STEPS, make: paroAsPlanned },
  /** PARO's control: masks of its own, every head in native order. */
  "paro-native": {
    sparsity: "plan",
    orders: "native",
    paper: NO_DENSE_STEPS,
    make: paroAsPlanned,
  },
  /** PARO whose refreshes make the masks anew; each is a dense attention and a pass of statistics. */
  "paro-refresh": {
    sparsity: "plan",
    orders: "chosen",
    paper: NO_DENSE_STEPS,
    refreshWork: () => ({ fixed: 2, ofSparse: 0 }),
    make: (options) => paroAttention(planned(options)),
  },
  /** A refresh computes the window besides. */
  rettention: {
    sparsity: "density",
    paper: LIKE_RETTENTION,
    refreshWork: () => DENSE_AND_SPARSE,
    make: (options) => rettention({ ...options, ...windowOf(options) }),
  },
  window: {
    sparsity: "density",
    paper: LIKE_RETTENTION,
    make: (options) => windowAttention({ ...options, ...windowOf(options) }),
  },
  reuse: { sparsity: "none", paper: LIKE_RETTENTION, make: (options) => reuseAttention(options) },
  "sparse-videogen": {
    sparsity: "density",
    paper: FIRST_QUARTER,
    make: (options) => sparseVideoGen(options),
  },
  /** A full step measures what the window misses. */
  ditfastattn: {
    sparsity: "density",
    paper: LIKE_RETTENTION,
    refreshWork: () => DENSE_AND_SPARSE,
    make: ({ plan: _plan, ...options }) => ditFastAttention({ ...options, ...windowOf(options) }),
  },
  draft: {
    sparsity: "density",
    paper: FIRST_QUARTER,
    make: (options) => draftAttention(options),
  },
  /** The first search is a dense attention and a pass of statistics; a later one needs the pass alone. */
  adaspa: {
    sparsity: "density",
    paper: LIKE_ADASPA,
    refreshWork: ({ first }) => (first ? { fixed: 2, ofSparse: 0 } : DENSE_AND_SPARSE),
    make: (options) => adaSpa(options),
  },
  /** Dense in another order of tokens: the same sums, rounded otherwise. */
  "noise-floor": {
    sparsity: "none",
    paper: NO_DENSE_STEPS,
    make: ({ precision, frames }) =>
      denseAttention({ order: frames === 1 ? "WH" : "WHF", ...(precision && { precision }) }),
  },
} as const satisfies Readonly<Record<string, StrategyEntry>>;

export type StrategyName = keyof typeof entries;

export const STRATEGY_NAMES = Object.keys(entries) as [StrategyName, ...StrategyName[]];

/** What a name stands for. */
export function strategyEntry(name: StrategyName): StrategyEntry {
  return entries[name];
}

/** The orders of the plan that a strategy goes by; undefined where it goes by none. */
export function planOrders(name: StrategyName): PlanOrders | undefined {
  return strategyEntry(name).orders;
}

/** Whether it has sparse steps, and so a density to ask for. */
export function hasDensity(name: StrategyName): boolean {
  return strategyEntry(name).sparsity !== "none";
}
