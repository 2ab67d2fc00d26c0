import {
  type AttentionStrategy,
  denseAttention,
  paroAttention,
  readPlan,
} from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { type GenerateTimings, loadPipeline, type Span } from "@paroattn/pipelines";
import {
  checkpointFolder,
  planFile,
  readPrompts,
  recommendedGuidance,
} from "@paroattn/sample-image";
import type { BenchCase, CaseContender } from "../measure/case.js";
import type { Comparison, RowInfo } from "../measure/compare.js";
import type { Times } from "../measure/interleave.js";
import type { SuiteContext } from "./suite.js";

const SEED = 1;
const DENSE = "dense";

/** Stages of a call, as rows. Attention is a part of the loop. */
const STAGES = {
  loopMs: "loop",
  attentionMs: "attention",
  textMs: "text",
  decodeMs: "decode",
  totalMs: "whole call",
} as const satisfies Readonly<Record<keyof GenerateTimings, string>>;

/**
 * `npm run bench -- pipeline`: one picture of the sample model in 20 steps, dense and PARO with the shipped plan: its stages, and
 * in pictures of their own (to look costs a little) the operators of the loop.
 */
export function pipelineCases({ threads }: SuiteContext): BenchCase[] {
  return [
    {
      name: "sample-image, 20 steps",
      rounds: 3,
      seconds: 15,
      open: () => openPictures(threads, stagesOf),
    },
    {
      name: "sample-image, operators of the loop",
      rounds: 1,
      seconds: 15,
      open: () => openPictures(threads, operatorsOf),
    },
  ];
}

type Draw = (options: { onSpan?: (span: Span) => void }) => Promise<GenerateTimings>;
/** Draws a picture: rows by name within the strategy, and what is known of them. */
type Look = (
  draw: Draw,
  name: (row: string) => string,
) => Promise<{
  readonly times: Times;
  readonly rows: Readonly<Record<string, RowInfo>>;
}>;

async function openPictures(threads: number, look: Look) {
  const backend = createCpuBackend({ threads });
  const plan = await readPlan(planFile);
  const strategies = [denseAttention(), paroAttention({ plan })];
  const pipeline = await loadPipeline(checkpointFolder, { backend, attention: strategies[0]! });
  const prompt = (await readPrompts("heldoutOne"))[0]!;
  const draw = (attention: AttentionStrategy, options: Parameters<Draw>[0] & { steps?: number }) =>
    pipeline.generate({ prompt, seed: SEED, guidance: recommendedGuidance, attention, ...options });
  const contenders = strategies.map((strategy): CaseContender => {
    const rows: Record<string, RowInfo> = {};
    return {
      rows,
      warmUp: async () => void (await draw(strategy, { steps: 1 })),
      async run() {
        const seen = await look(
          async (options) => (await draw(strategy, options)).timings,
          (row) => `${strategy.name}: ${row}`,
        );
        Object.assign(rows, seen.rows);
        return seen.times;
      },
    };
  });
  return {
    contenders,
    notes: [`PARO at density ${plan.density.met.toFixed(3)}`],
    async close() {
      pipeline.dispose();
      await backend.flush();
      backend.dispose();
    },
  };
}

const stagesOf: Look = async (draw, name) => {
  const timings = await draw({});
  const keys = Object.keys(STAGES) as (keyof GenerateTimings)[];
  const beside = (key: keyof GenerateTimings): Comparison[] => {
    const part: Comparison[] =
      key === "totalMs" ? [] : [{ against: name(STAGES.totalMs), as: "part" }];
    const dense = `${DENSE}: ${STAGES[key]}`;
    return name(STAGES[key]) === dense ? part : [{ against: dense, as: "speed" }, ...part];
  };
  return {
    times: Object.fromEntries(keys.map((key) => [name(STAGES[key]), timings[key]])),
    rows: Object.fromEntries(keys.map((key) => [name(STAGES[key]), { comparisons: beside(key) }])),
  };
};

const operatorsOf: Look = async (draw, name) => {
  const sums = new Map<string, number>();
  const { loopMs } = await draw({
    onSpan({ name: span, operators = {} }) {
      if (span !== "step") return;
      for (const [operator, { milliseconds }] of Object.entries(operators)) {
        sums.set(operator, (sums.get(operator) ?? 0) + milliseconds);
      }
    },
  });
  const loop = name(STAGES.loopMs);
  const sorted = [...sums].sort(([, a], [, b]) => b - a);
  return {
    times: Object.fromEntries([
      [loop, loopMs],
      ...sorted.map(([operator, ms]) => [name(operator), ms] as const),
    ]),
    rows: Object.fromEntries(
      sorted.map(([operator]) => [
        name(operator),
        { comparisons: [{ against: loop, as: "part" }] },
      ]),
    ),
  };
};
