import {
  type AttentionFront,
  type AttentionSite,
  type AttentionStrategy,
  scoreOrders,
} from "@paroattn/attention";
import {
  type AxisOrder,
  axisOrders,
  DEFAULT_EPSILON,
  DEFAULT_SIGMA,
  type TokenLayout,
  tokenCount,
  visualStart,
  visualTokens,
} from "@paroattn/reorder";
import { toFloat32 } from "@paroattn/tensor";
import { z } from "zod";
import { watchedSteps } from "./watched-steps.js";

/** Rows of a head's map that are looked at whole, at each watched step and branch. */
export const WATCHED_ROWS = 64;

const perHead = z.array(z.array(z.number()));

/**
 * Incoherence (maximum / mean) of the softmax map's groups (PAROAttention section 4.3), averaged over groups, watched
 * steps and guidance branches of one dense run.
 */
export const incoherenceSchema = z.object({
  orders: z.array(z.string()),
  /** [layers][heads][orders]: of 64x64 tiles, in each order. */
  tiles: z.array(perHead),
  /** [layers][heads]: of whole rows. An order moves a row's entries and rows, so that all orders have the same. */
  rows: perHead,
});

export type Incoherence = z.infer<typeof incoherenceSchema>;

export interface IncoherenceWatch {
  /** Answers dense and watches. */
  readonly strategy: AttentionStrategy;
  /** What was seen, after the run. */
  result(): Incoherence;
}

export function watchIncoherence(): IncoherenceWatch {
  const scoring = scoreOrders({
    epsilon: () => DEFAULT_EPSILON,
    sigma: DEFAULT_SIGMA,
  });
  const rows = new Map<number, number[][]>();
  let orders: readonly AxisOrder[] = [];
  return {
    strategy: {
      name: "incoherence",
      async start(generation) {
        orders = axisOrders(generation.layout);
        const run = await scoring.strategy.start(generation);
        return {
          before: (site) => run.before(site),
          async attend(site, front) {
            if (!isWatched(site)) {
              using operands = front.operands();
              return front.backend.attention({ operands }).output;
            }
            const seen = rows.get(site.layer) ?? [];
            rows.set(site.layer, seen);
            seen.push(...(await rowIncoherence(site, front)));
            return run.attend(site, front);
          },
          report: () => run.report(),
          dispose: () => run.dispose(),
        };
      },
    },
    result: () => ({
      orders: [...orders],
      tiles: scoring.scores().map((heads) => heads.map((of) => of.map(({ quant }) => quant))),
      rows: [...rows]
        .sort(([a], [b]) => a - b)
        .map(([, seen]) =>
          seen[0]!.map((_, head) => mean(seen.map((heads) => heads[head] as number))),
        ),
    }),
  };
}

function isWatched({ step, steps }: AttentionSite): boolean {
  return watchedSteps(steps).includes(step);
}

/** [batch][heads]: a row's entries sum to 1, so its incoherence is its largest entry times its length. */
async function rowIncoherence(site: AttentionSite, front: AttentionFront): Promise<number[][]> {
  const { heads, headDim, layout, branches } = site;
  const projections = front.queryKey();
  const query = toFloat32(await front.backend.read(projections.query));
  const key = toFloat32(await front.backend.read(projections.key));
  const tokens = tokenCount(layout);
  const width = heads * headDim;
  const sample = sampledRows(layout);
  return branches.map((_, row) =>
    Array.from({ length: heads }, (_, head) => {
      const start = row * tokens * width + head * headDim;
      const map = { query, key, start, tokens, width, headDim };
      return mean(sample.map((token) => tokens * largestEntry(map, token)));
    }),
  );
}

/** Visual rows, spread by multiples of the golden ratio: an even stride would meet the same column of the picture again and again. */
function sampledRows(layout: TokenLayout): number[] {
  const count = visualTokens(layout);
  const start = visualStart(layout);
  if (count <= WATCHED_ROWS) return Array.from({ length: count }, (_, index) => start + index);
  const ratio = (Math.sqrt(5) - 1) / 2;
  return Array.from(
    { length: WATCHED_ROWS },
    (_, index) => start + Math.floor((((index + 0.5) * ratio) % 1) * count),
  );
}

/** The largest entry of one row of the softmax map. */
function largestEntry(
  map: {
    readonly query: Float32Array;
    readonly key: Float32Array;
    /** Of the head in its batch row. */
    readonly start: number;
    readonly tokens: number;
    readonly width: number;
    readonly headDim: number;
  },
  token: number,
): number {
  const { query, key, start, tokens, width, headDim } = map;
  const row = query.subarray(start + token * width, start + token * width + headDim);
  const scale = 1 / Math.sqrt(headDim);
  const logits = new Float64Array(tokens);
  let maximum = Number.NEGATIVE_INFINITY;
  for (let other = 0; other < tokens; other++) {
    const at = start + other * width;
    let dot = 0;
    for (let i = 0; i < headDim; i++) dot += (row[i] as number) * (key[at + i] as number);
    logits[other] = dot * scale;
    maximum = Math.max(maximum, dot * scale);
  }
  let sum = 0;
  for (let other = 0; other < tokens; other++) sum += Math.exp((logits[other] as number) - maximum);
  return 1 / sum;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
