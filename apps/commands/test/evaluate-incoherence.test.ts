import type { AttentionSite, GenerationInfo } from "@paroattn/attention";
import { createReferenceBackend } from "@paroattn/backend";
import { axisOrders, blockScores, imageLayout, tokenCount } from "@paroattn/reorder";
import { tensor } from "@paroattn/tensor";
import { afterAll, expect, it } from "vitest";
import { WATCHED_ROWS, watchIncoherence } from "../src/evaluate/incoherence.js";
import { WATCHED_STEPS } from "../src/evaluate/watched-steps.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const heads = 2;
const headDim = 4;
const layers = 2;
const branches = ["unconditional", "conditional"] as const;
const steps = 9;

/** Spiky maps, other ones at each step and layer: sines of incommensurable frequencies. */
function projections(tokens: number, salt: number) {
  const size = branches.length * tokens * heads * headDim;
  const make = (frequency: number) =>
    Float32Array.from({ length: size }, (_, i) => 3 * Math.sin(frequency * (i + 1) + salt));
  return { query: make(1.618), key: make(2.236), value: make(0.577) };
}

/** One head's softmax map by the definition. */
function softmaxMap(options: {
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly tokens: number;
  readonly row: number;
  readonly head: number;
}): Float64Array {
  const { query, key, tokens, row, head } = options;
  const at = (token: number) => (row * tokens + token) * heads * headDim + head * headDim;
  const map = new Float64Array(tokens * tokens);
  for (let q = 0; q < tokens; q++) {
    const entries = map.subarray(q * tokens, (q + 1) * tokens);
    for (let k = 0; k < tokens; k++) {
      let dot = 0;
      for (let i = 0; i < headDim; i++) dot += query[at(q) + i]! * key[at(k) + i]!;
      entries[k] = Math.exp(dot / Math.sqrt(headDim));
    }
    const sum = entries.reduce((total, value) => total + value, 0);
    for (let k = 0; k < tokens; k++) entries[k]! /= sum;
  }
  return map;
}

/** Runs the watch over made-up projections; `tokens` by the layout. Returns its result and the maps of the watched steps. */
async function watched(layout: ReturnType<typeof imageLayout>) {
  const tokens = tokenCount(layout);
  const watch = watchIncoherence();
  const timesteps = Array.from({ length: steps }, (_, step) => 1000 - 100 * step);
  const generation: GenerationInfo = {
    backend,
    architecture: "Fake",
    weightsFingerprint: async () => "0",
    layers,
    heads,
    headDim,
    layout,
    steps,
    timesteps,
    warn: () => {},
  };
  const run = await watch.strategy.start(generation);
  const asked: number[] = [];
  for (const [step, timestep] of timesteps.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      using scope = backend.scope();
      const made = projections(tokens, step + 17 * layer);
      const upload = (data: Float32Array) =>
        scope.upload(
          tensor({ dtype: "f32", shape: [branches.length, tokens, heads * headDim], data }),
        );
      const [query, key, value] = [upload(made.query), upload(made.key), upload(made.value)];
      const site: AttentionSite = {
        layer,
        branches,
        step,
        steps,
        timestep,
        layout,
        heads,
        headDim,
      };
      await run.attend(site, {
        backend: scope,
        operands: (options = {}) =>
          scope.prepareAttention({ query, key, value, heads, headDim, layout, ...options }),
        queryKey: () => {
          asked.push(step);
          return { query, key };
        },
        value: () => value,
      });
    }
  }
  const maps = (layer: number, head: number) =>
    [...new Set(asked)].flatMap((step) =>
      branches.map((_, row) =>
        softmaxMap({ ...projections(tokens, step + 17 * layer), tokens, row, head }),
      ),
    );
  return { result: watch.result(), asked, maps, tokens };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

it("agrees with the whole softmax map", async () => {
  const layout = imageLayout({ height: 6, width: 10 });
  const { result, asked, maps, tokens } = await watched(layout);
  expect(tokens).toBeLessThanOrEqual(WATCHED_ROWS);
  expect(new Set(asked).size).toBe(WATCHED_STEPS);
  const orders = axisOrders(layout);
  expect(result.orders).toEqual(orders);
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      const rows = maps(layer, head).map((map) =>
        mean(
          Array.from(
            { length: tokens },
            (_, q) => tokens * Math.max(...map.subarray(q * tokens, (q + 1) * tokens)),
          ),
        ),
      );
      expect(result.rows[layer]![head]).toBeCloseTo(mean(rows), 4);
      for (const [index, order] of orders.entries()) {
        const tiles = maps(layer, head).map((map) => blockScores({ map, layout, order }).quant);
        expect(result.tiles[layer]![head]![index]).toBeCloseTo(mean(tiles), 3);
      }
    }
  }
});

it("looks at a sample of rows that is near the whole, where there are many", async () => {
  const { result, maps, tokens } = await watched(imageLayout({ height: 10, width: 13 }));
  expect(tokens).toBeGreaterThan(WATCHED_ROWS);
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      const rows = maps(layer, head).flatMap((map) =>
        Array.from(
          { length: tokens },
          (_, q) => tokens * Math.max(...map.subarray(q * tokens, (q + 1) * tokens)),
        ),
      );
      const whole = mean(rows);
      expect(Math.abs(result.rows[layer]![head]! / whole - 1)).toBeLessThan(0.1);
    }
  }
});
