import { type Backend, createReferenceBackend, UnsupportedError } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { type AxisOrder, imageLayout, tokenCount, videoLayout } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import {
  denseAttention,
  type SparseVideoGenOptions,
  StrategyError,
  sparseVideoGen,
} from "../src/index.js";
import { biasOfRows, sampledRows } from "../src/sparse-videogen/sampled-rows.js";
import { bandMask } from "../src/window/band-mask.js";
import { countTensors } from "./count-tensors.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { type Planted, plantAxisLocal, type Reach } from "./planted.js";

const backend = createReferenceBackend();
const cpu = createCpuBackend({ threads: 2 });
afterAll(() => {
  backend.dispose();
  cpu.dispose();
});

// A block of text, then 6 frames of 64 tokens less one row: blocks are not frames.
const layout = videoLayout({ frames: 6, height: 7, width: 9, textTokens: 5 });
const [heads, headDim] = [2, 8];
/** Near in time, anywhere in the frame; and near in place, in any frame. */
const nearInTime: Reach = { frames: 0.4 };
const nearInPlace: Reach = { height: 0.5, width: 0.5 };
const plant = (seed: number, reaches: readonly Reach[] = [nearInTime, nearInPlace]) =>
  plantAxisLocal({ layout, reaches, headDim, seed });
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 600, 300],
  layers: [
    [plant(1), plant(2)],
    [plant(3, [nearInPlace, nearInTime]), plant(4)],
  ],
  drift: 0.1,
};
const schedule = { warmUp: 1 };
const options: SparseVideoGenOptions = { density: 0.6, schedule, rows: 48 };
const band = bandMask({ layout, heads, density: 0.6 });

/** A band in given orders, of one batch row. */
async function inOrders(planted: Planted, orders: readonly AxisOrder[]): Promise<Float32Array> {
  using scope = backend.scope();
  const upload = (data: Float32Array) =>
    scope.upload(tensor({ dtype: "f32", shape: [1, tokenCount(layout), heads * headDim], data }));
  const operands = scope.prepareAttention({
    query: upload(planted.query),
    key: upload(planted.key),
    value: upload(planted.value),
    layout,
    heads,
    headDim,
    orders,
  });
  const mask = scope.prepareMask(band.mask);
  return toFloat32(await scope.read(scope.attention({ operands, mask }).output));
}

describe("bandMask", () => {
  it("keeps the blocks near the diagonal and all of the text, worked out by hand", () => {
    // Blocks: 3 text, 64, 64, 64, 8 visual, of 203 tokens.
    const small = videoLayout({ frames: 2, height: 10, width: 10, textTokens: 3 });
    const rows = (density: number) => {
      const { mask, reach, density: met } = bandMask({ layout: small, heads: 1, density });
      const live = Array.from({ length: 5 }, (_, query) =>
        Array.from({ length: 5 }, (_, key) => (mask.get(0, query, key) ? 1 : 0)).join(""),
      );
      return { live, reach, met };
    };
    const text = 3 * 203 + 200 * 3;
    const least = (text + 3 * 64 ** 2 + 64) / 203 ** 2;
    expect(rows(least)).toEqual({
      live: ["11111", "11000", "10100", "10010", "10001"],
      reach: 0,
      met: least,
    });
    const wider = (text + 7 * 64 ** 2 + 2 * 64 * 8 + 64) / 203 ** 2;
    const found = rows(wider);
    expect(found.live).toEqual(["11111", "11100", "11110", "10111", "10011"]);
    // Blocks two apart begin 65 places from each other's end.
    expect(found.reach).toBe(64);
    expect(found.met).toBeCloseTo(wider, 12);
    expect(rows(1).met).toBe(1);
  });
});

describe("the rows that are looked at", () => {
  it("are visual, distinct, and not the first ones", () => {
    const rows = sampledRows(layout, 50, 1);
    expect(new Set(rows).size).toBe(50);
    expect([...rows].every((row) => row >= 5 && row < tokenCount(layout))).toBe(true);
    expect(rows[49]).toBeGreaterThan(200);
    expect(sampledRows(layout, 378, 1)).toEqual(Uint32Array.from({ length: 378 }, (_, i) => 5 + i));
  });

  it("drop the keys that their block drops, in the mask's order", () => {
    for (const order of ["FHW", "HWF"] as const) {
      const { data } = biasOfRows(layout, Uint32Array.of(5, 200), { mask: band.mask, order });
      const tokens = tokenCount(layout);
      const place = (token: number) => {
        const index = token - 5;
        return order === "FHW" ? index : (index % 63) * 6 + Math.floor(index / 63);
      };
      for (const [index, row] of [5, 200].entries()) {
        for (let key = 0; key < tokens; key++) {
          const block = (token: number) => (token < 5 ? 0 : 1 + Math.floor(place(token) / 64));
          const live = band.mask.get(0, block(row), block(key));
          expect(data[index * tokens + key] === 0).toBe(live);
        }
      }
    }
  });
});

describe("sparseVideoGen", () => {
  it("gives each head of each batch row the order that loses less", async () => {
    const dense = await generate(model, denseAttention());
    const found = await generate(model, sparseVideoGen(options));
    expect(found.outputs[0]).toEqual(dense.outputs[0]);
    const [spatial, temporal] = ["FHW", "HWF"] as const;
    const expected = [
      [
        [spatial, temporal],
        [spatial, temporal],
      ],
      [
        [temporal, spatial],
        [spatial, temporal],
      ],
    ] as const;
    for (const [layer, rows] of expected.entries()) {
      const size = found.outputs[1]![layer]!.length / 2;
      for (const [row, orders] of rows.entries()) {
        const drifted = { ...model.layers[layer]![row]! };
        drifted.value = drifted.value.map((value) => Math.fround(1.1) * value);
        const part = found.outputs[1]![layer]!.subarray(row * size, (row + 1) * size);
        const wanted = await inOrders(drifted, orders);
        const error = Math.hypot(...part.map((value, i) => value - wanted[i]!));
        expect(error / Math.hypot(...wanted)).toBeLessThan(1e-6);
        const other = await inOrders(drifted, [orders[1]!, orders[0]!]);
        const apart = Math.hypot(...other.map((value, i) => value - wanted[i]!));
        expect(apart / Math.hypot(...wanted)).toBeGreaterThan(0.05);
      }
    }
    // Sampled rows once dense and once in each order.
    const work = band.density + (3 * 48) / tokenCount(layout);
    expect(found.report.density).toBeCloseTo((1 + 2 * work) / 3, 12);
    expect(found.report).toMatchObject({ strategy: "sparse-videogen", denseShare: 1 / 3 });
  });

  it("leaves its first layers dense", async () => {
    const dense = await generate(model, denseAttention());
    const { outputs, report } = await generate(
      model,
      sparseVideoGen({ ...options, denseLayers: 0.5 }),
    );
    for (const step of [1, 2]) {
      expect(outputs[step]![0]).toEqual(dense.outputs[step]![0]);
      expect(outputs[step]![1]).not.toEqual(dense.outputs[step]![1]);
    }
    expect(report.denseShare).toBeCloseTo(4 / 6, 12);
  });

  it("equals dense with a band of everything", async () => {
    const dense = await generate(model, denseAttention());
    const all = await generate(model, sparseVideoGen({ ...options, density: 1 }));
    expect(relativeError(all, dense)).toBeLessThan(1e-6);
  });

  it("gives the same result in a row and at once, and does not mix guidance branches", async () => {
    const strategy = sparseVideoGen(options);
    const other = { ...model, layers: [[plant(5)], [plant(6)]] };
    const first = await generate(model, strategy);
    const [second, , third] = await Promise.all([
      generate(model, strategy),
      generate(other, strategy),
      generate(model, strategy),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const apart = await generate({ ...model, branchesApart: true }, strategy);
    expect(apart.outputs).toEqual(first.outputs);
  });

  it("is the same on the CPU backend", async () => {
    const reference = await generate(model, sparseVideoGen(options));
    const native = await generate({ ...model, backend: cpu }, sparseVideoGen(options));
    expect(relativeError(native, reference)).toBeLessThan(1e-5);
    expect(native.report).toEqual({ ...reference.report, arithmetic: native.report.arithmetic });
  });

  it("frees what it kept", async () => {
    const counted = countTensors(backend);
    const { report } = await generate(
      { ...model, backend: counted.backend },
      sparseVideoGen(options),
    );
    expect(counted.left()).toBe(0);
    const biases = 2 * 48 * tokenCount(layout) * 4;
    expect(report.cacheBytes).toBe(biases + band.mask.bits.byteLength);
  });
});

describe("sparseVideoGen is refused before the first step", () => {
  it.each([
    [{}, { layout: imageLayout({ height: 20, width: 20 }) }, "a model with frames"],
    [{}, { layout: videoLayout({ frames: 2, height: 4, width: 5 }) }, "2 blocks of visual tokens"],
    [{ density: 0.01 }, {}, "which its own place and the text take, to 1 but found 0.01"],
    [{ rows: 0 }, {}, "1 to 378 rows to look at"],
    [{ rows: 379 }, {}, "but found 379"],
  ])("for %j of %j", async (asked, changes, message) => {
    const error = await generate({ ...model, ...changes }, sparseVideoGen(asked)).catch(
      (error) => error,
    );
    expect(StrategyError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it("for a share of layers that there is not, and a schedule longer than the run", async () => {
    expect(() => sparseVideoGen({ denseLayers: 1.5 })).toThrow("a share of dense layers from 0 to");
    await expect(generate(model, sparseVideoGen({ schedule: { warmUp: 4 } }))).rejects.toThrow(
      "Expected a warm-up of 0 to 3 steps",
    );
  });

  it("by a backend without a bias", async () => {
    let attended = 0;
    const without = <T extends Backend>(of: T): T =>
      new Proxy(of, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          if (name === "scope") return () => without(target.scope());
          if (name !== "attention") return value.bind(target);
          return (options: { bias?: unknown }) => {
            if (options.bias === undefined) attended++;
            else throw new UnsupportedError({ backend: "bare", feature: "attention with a bias" });
            return value.call(target, options);
          };
        },
      });
    const running = generate({ ...model, backend: without(backend) }, sparseVideoGen(options));
    await expect(running).rejects.toThrow("attention with a bias");
    expect(attended).toBe(0);
  });
});
