import { existsSync } from "node:fs";
import {
  type AttentionStrategy,
  denseAttention,
  makePlan,
  type Plan,
  paroAttention,
  readPlan,
  writePlan,
} from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { videoLayout } from "@paroattn/reorder";
import { median, settle } from "../../measure/interleave.js";
import { forgetPeak, peakAbove } from "../../measure/resident.js";
import { type Attended, type ClipLayer, type ClipSize, openClipLayer } from "./layer.js";

const DENSITY = 0.3;

/** A layer of CogVideoX-5B: 226 text tokens and 17,550 visual ones. */
const CLIP: ClipSize = {
  layout: videoLayout({
    frames: 13,
    height: 30,
    width: 45,
    textTokens: 226,
    textPosition: "before",
  }),
  heads: 48,
  headDim: 64,
};

/** Best and median of the rounds. */
interface Spread {
  readonly best: number;
  readonly median: number;
}

/** The making of the plan: both passes. Memory is the process's peak above what it holds with the inputs, in bytes. */
export interface CalibrationLine {
  readonly phase: "calibrate";
  readonly ms: number;
  readonly aboveBytes: number | null;
  readonly inputBytes: number;
  /** Heads by the order that was chosen. */
  readonly orders: Readonly<Record<string, number>>;
}

/** One strategy in all rounds, with its parts in milliseconds. */
export interface StrategyLine {
  readonly phase: StrategyName;
  readonly rounds: number;
  readonly density: number;
  readonly ms: Spread;
  readonly frontMs: Spread;
  readonly attentionMs: Spread;
  readonly aboveBytes: number | null;
  readonly inputBytes: number;
}

/** What PARO pays beside its kernel, in milliseconds and as shares of attention's time, dense and its own. */
export interface OverheadLine {
  readonly phase: "masks" | "reorder" | "masks and reorder";
  readonly ms: Spread;
  readonly ofDense: Spread;
  readonly ofParo: Spread;
}

export type ClipLine = CalibrationLine | StrategyLine | OverheadLine;

type StrategyName = "dense" | "dense in PARO's orders" | "paro";

/**
 * One layer of a clip's size: calibrated for 0.3 unless a plan is given, then dense, dense in the plan's orders, and PARO,
 * turn by turn.
 */
export async function* benchClip(options: {
  readonly threads: number;
  readonly rounds: number;
  /** Read where it is there, else written. */
  readonly plan?: string | undefined;
  /** Default: CogVideoX-5B's. */
  readonly size?: ClipSize;
  readonly onProgress: (text: string, done: number) => void;
}): AsyncGenerator<ClipLine> {
  const { threads, rounds, size = CLIP, onProgress } = options;
  const backend = createCpuBackend({ threads });
  using _ = { [Symbol.dispose]: () => backend.dispose() };
  onProgress("inputs", 0);
  const layer = await openClipLayer(backend, size);
  const held = forgetPeak();
  let plan: Plan;
  if (options.plan !== undefined && existsSync(options.plan)) {
    plan = await readPlan(options.plan);
  } else {
    onProgress("calibrate", 0);
    const made = await calibrate(layer, held);
    yield made.line;
    plan = made.plan;
    if (options.plan !== undefined) await writePlan(options.plan, plan);
  }

  const strategies: Readonly<Record<StrategyName, AttentionStrategy>> = {
    dense: denseAttention(),
    "dense in PARO's orders": denseInOrders(plan),
    paro: paroAttention({ plan }),
  };
  const names = Object.keys(strategies) as StrategyName[];
  // The first use of memory takes longer.
  await layer.attend(strategies.paro);
  const seen = new Map(names.map((name) => [name, [] as Seen[]]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      onProgress(`${name}, round ${round + 1} of ${rounds}`, round / rounds);
      forgetPeak();
      const attended = await layer.attend(strategies[name]);
      seen.get(name)!.push({ ...attended, aboveBytes: peakAbove(held) });
      await settle();
    }
  }
  for (const name of names) yield strategyLine(name, seen.get(name)!, layer);
  yield* overheads({
    dense: seen.get("dense")!,
    ordered: seen.get("dense in PARO's orders")!,
    paro: seen.get("paro")!,
  });
}

interface Seen extends Attended {
  readonly aboveBytes: number | null;
}

async function calibrate(
  layer: ClipLayer,
  held: number | undefined,
): Promise<{ readonly plan: Plan; readonly line: CalibrationLine }> {
  forgetPeak();
  const start = performance.now();
  const plan = await makePlan({
    density: DENSITY,
    prompts: ["random"],
    seeds: [0],
    generate: async (strategy) => void (await layer.attend(strategy)),
  });
  const ms = performance.now() - start;
  const aboveBytes = peakAbove(held);
  const orders: Record<string, number> = {};
  for (const order of plan.orders[0]!) orders[order] = (orders[order] ?? 0) + 1;
  const { inputBytes } = layer;
  return { plan, line: { phase: "calibrate", ms, aboveBytes, inputBytes, orders } };
}

/** What the reorder alone costs: every block, in the plan's orders. */
function denseInOrders(plan: Plan): AttentionStrategy {
  const dense = denseAttention();
  return {
    name: "dense in orders",
    async start(generation) {
      const run = await dense.start(generation);
      return {
        before: (site) => run.before(site),
        attend: (site, front) =>
          run.attend(site, {
            ...front,
            operands: (options) => front.operands({ ...options, orders: plan.orders[site.layer]! }),
          }),
        report: () => run.report(),
        dispose: () => run.dispose(),
      };
    },
  };
}

function spread(values: readonly number[]): Spread {
  return { best: Math.min(...values), median: median(values) };
}

function strategyLine(
  phase: StrategyName,
  rounds: readonly Seen[],
  { inputBytes }: ClipLayer,
): StrategyLine {
  const bytes = rounds.map(({ aboveBytes }) => aboveBytes);
  return {
    phase,
    rounds: rounds.length,
    density: rounds[0]!.density,
    ms: spread(rounds.map(({ ms }) => ms)),
    frontMs: spread(rounds.map(({ operators }) => operators.prepareAttention)),
    attentionMs: spread(rounds.map(({ operators }) => operators.attention)),
    aboveBytes: bytes.includes(null) ? null : Math.max(...(bytes as number[])),
    inputBytes,
  };
}

/**
 * Masks: all that JavaScript does before PARO's commands are issued, with the unpacking of the mask, and the command that
 * prepares it. Reorder: the front in the plan's orders less the front without; both are measured in the command stream.
 */
function* overheads(seen: {
  readonly dense: readonly Seen[];
  readonly ordered: readonly Seen[];
  readonly paro: readonly Seen[];
}): Generator<OverheadLine> {
  const of = (rounds: readonly Seen[], value: (one: Seen) => number) => spread(rounds.map(value));
  const dense = of(seen.dense, ({ ms }) => ms);
  const paro = of(seen.paro, ({ ms }) => ms);
  const front = ({ operators }: Seen) => operators.prepareAttention;
  const masks = of(seen.paro, ({ issueMs, operators }) => issueMs + operators.prepareMask);
  const [ordered, native] = [of(seen.ordered, front), of(seen.dense, front)];
  const reorder = combine(ordered, native, (a, b) => a - b);
  const share = (a: number, b: number) => a / b;
  for (const [phase, ms] of [
    ["masks", masks],
    ["reorder", reorder],
    ["masks and reorder", combine(masks, reorder, (a, b) => a + b)],
  ] as const) {
    yield { phase, ms, ofDense: combine(ms, dense, share), ofParo: combine(ms, paro, share) };
  }
}

function combine(a: Spread, b: Spread, of: (a: number, b: number) => number): Spread {
  return { best: of(a.best, b.best), median: of(a.median, b.median) };
}
