import { type AttentionPrecision, type Backend, resolvePrecision } from "@paroattn/backend";
import { describeLayout, tokenCount, visualTokens } from "@paroattn/reorder";
import { scheduledRun } from "../run/scheduled-run.js";
import { firstQuarter } from "../schedule/first-quarter.js";
import type { StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy, GenerationInfo } from "../strategy.js";
import { StrategyError } from "../strategy-error.js";
import { bandMask } from "../window/band-mask.js";
import { sampledRows } from "./sampled-rows.js";
import { SparseVideoGenMethod } from "./sparse-videogen-method.js";

export interface SparseVideoGenOptions {
  /** Share of all query-key pairs that a sparse site computes, text and whole blocks included. Default: 0.3. */
  readonly density?: number;
  /** Query rows that are looked at, at every sparse site. Default: one in a hundred tokens, but 32 to 64. */
  readonly rows?: number;
  /** Share of the layers, from the first on, that stay dense; rounded down. Default: 0.03. */
  readonly denseLayers?: number;
  /** Dense steps (a refresh is no more than that here). Default: the first quarter. */
  readonly schedule?: StepSchedule;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

const DEFAULT_DENSITY = 0.3;
const DEFAULT_DENSE_LAYERS = 0.03;
/** What the released code takes, whatever the model's size. */
const MOST_ROWS = 64;
const LEAST_ROWS = 32;
/** The rows to look at are drawn once a run, the same ones in every run. */
const SEED = 1;

/**
 * Sparse VideoGen ([arXiv 2502.01776](https://arxiv.org/abs/2502.01776)): each head attends to a band of its tokens, either
 * frame-major (spatial: neighbouring frames) or token-major (temporal: neighbouring places in all frames). Which of both is chosen
 * anew at every site, by a few query rows: the one whose output is nearer to full attention's (Algorithm 1).
 *
 * `start` throws a `StrategyError` for a model without frames or with too few tokens and for a density that keeps too little, a
 * `ScheduleError` for a schedule that does not go with the run, and the backend's `UnsupportedError`, also where it has no
 * attention with a bias, by which rows are looked at.
 *
 * @example
 * const attention = sparseVideoGen({ density: 0.25 });
 */
export function sparseVideoGen(options: SparseVideoGenOptions = {}): AttentionStrategy {
  const { density = DEFAULT_DENSITY, denseLayers = DEFAULT_DENSE_LAYERS } = options;
  if (!(denseLayers >= 0 && denseLayers <= 1)) {
    throw new StrategyError({
      expected: "a share of dense layers from 0 to 1",
      found: String(denseLayers),
    });
  }
  const precision = resolvePrecision(options.precision);
  const strategy = "sparse-videogen";
  return {
    name: strategy,
    start: async (generation) =>
      scheduledRun({
        strategy,
        generation,
        precision,
        schedule: options.schedule ?? firstQuarter(generation),
        async method() {
          const { layout, heads, layers, backend } = generation;
          checkFrames(generation);
          const rows = sampledRows(layout, rowCount(options.rows, generation), SEED);
          const band = bandMask({ layout, heads, density });
          await checkBias(backend);
          return new SparseVideoGenMethod({
            layout,
            band,
            rows,
            denseLayers: Math.floor(denseLayers * layers),
            precision,
            backend,
          });
        },
      }),
  };
}

function checkFrames({ layout }: GenerationInfo): void {
  if (layout.frames > 1) return;
  throw new StrategyError({
    expected: "a model with frames, which Sparse VideoGen's temporal heads look along,",
    found: describeLayout(layout),
  });
}

function rowCount(rows: number | undefined, { layout }: GenerationInfo): number {
  const visual = visualTokens(layout);
  const share = Math.round(tokenCount(layout) / 100);
  const count = rows ?? Math.min(visual, Math.max(LEAST_ROWS, Math.min(MOST_ROWS, share)));
  if (Number.isInteger(count) && count >= 1 && count <= visual) return count;
  throw new StrategyError({
    expected: `1 to ${visual} rows to look at, the visual tokens there are,`,
    found: String(rows),
  });
}

/** Throws the backend's `UnsupportedError` before the first step instead of within it. */
async function checkBias(root: Backend): Promise<void> {
  using backend = root.scope();
  const ones = backend.upload({ dtype: "f32", shape: [1, 1, 64], data: new Float32Array(64) });
  const projections = { query: ones, key: ones, value: ones };
  const operands = backend.prepareAttention({ ...projections, heads: 1, headDim: 64 });
  const bias = backend.upload({ dtype: "f32", shape: [1, 1, 1], data: new Float32Array(1) });
  backend.attention({ operands, bias });
}
