import { createReferenceBackend, inferPrepareAttention } from "@paroattn/backend";
import { type AxisOrder, gatherIndices, imageLayout, type TokenLayout } from "@paroattn/reorder";
import { randomMask } from "@paroattn/sparse-masks";
import { type Fixture, numbers } from "./fixture.js";

interface Case {
  readonly batch?: number;
  readonly queryTokens: number;
  /** Default: the query's. */
  readonly keyTokens?: number;
  readonly heads: number;
  readonly keyValueHeads?: number;
  readonly headDim: number;
  readonly layout?: TokenLayout;
  readonly orders?: readonly AxisOrder[];
  readonly norm?: "rms" | "layer";
  readonly pairing?: "interleaved" | "half";
  readonly keyLengths?: readonly number[];
  readonly density?: number;
  readonly bias?: boolean;
  /** Row scales and a residual. */
  readonly merged?: boolean;
  readonly statistics?: boolean;
}

const SMALL_BELOW = 1e-3;
/** Sums of a few hundred products in f32. */
const TOLERANCE = 2e-5;

const text = imageLayout({ height: 9, width: 13, textTokens: 70 });
const wide = imageLayout({ height: 15, width: 18 });

/** Grids and heads that no block and no vector divides. */
const CASES: Readonly<Record<string, Case>> = {
  dense: { queryTokens: 130, heads: 2, headDim: 64, statistics: true },
  "one-token": { queryTokens: 1, heads: 1, headDim: 1 },
  sparse: {
    queryTokens: 270,
    heads: 3,
    headDim: 72,
    layout: wide,
    orders: ["HW", "WH", "WH"],
    density: 0.4,
  },
  text: {
    batch: 2,
    queryTokens: 187,
    heads: 4,
    keyValueHeads: 2,
    headDim: 40,
    layout: text,
    orders: ["WH", "HW", "WH", "HW"],
    norm: "rms",
    pairing: "half",
    density: 0.6,
    merged: true,
  },
  front: {
    queryTokens: 270,
    heads: 2,
    headDim: 18,
    layout: wide,
    orders: ["WH", "HW"],
    norm: "layer",
    pairing: "interleaved",
    statistics: true,
  },
  cross: {
    batch: 3,
    queryTokens: 100,
    keyTokens: 77,
    heads: 2,
    headDim: 24,
    keyLengths: [1, 64, 77],
    bias: true,
  },
};

/** Inputs, and what the reference backend makes of them. */
export async function attentionFixtures(): Promise<Record<string, Fixture>> {
  const fixtures: Record<string, Fixture> = {};
  for (const [index, [name, one]] of Object.entries(CASES).entries()) {
    fixtures[`attention-${name}`] = await attentionFixture(one, 1 + index);
  }
  return fixtures;
}

async function attentionFixture(one: Case, seed: number): Promise<Fixture> {
  const backend = createReferenceBackend();
  const random = numbers(seed);
  const { batch = 1, queryTokens, keyTokens = queryTokens, heads, headDim } = one;
  const { keyValueHeads = heads, layout, orders, keyLengths } = one;
  const up = (data: Float32Array, ...shape: number[]) =>
    backend.upload({ dtype: "f32", shape, data });
  const read = async (tensor: ReturnType<typeof up>) =>
    (await backend.read(tensor)).data as Float32Array;

  const query = random(batch, queryTokens, heads, headDim);
  const key = random(batch, keyTokens, keyValueHeads, headDim);
  const value = random(batch, keyTokens, keyValueHeads, headDim);
  const weights = one.norm && { queryWeight: random(headDim), keyWeight: random(headDim) };
  const biases = one.norm === "layer" && { queryBias: random(headDim), keyBias: random(headDim) };
  const angles = one.pairing && random(queryTokens, headDim / 2);
  const tables = angles && { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
  const upChannels = (arrays: Readonly<Record<string, Float32Array>> | undefined | false) =>
    Object.fromEntries(
      Object.entries(arrays || {}).map(([name, data]) => [name, up(data, headDim)]),
    );
  const options = {
    query: up(query, batch, queryTokens, heads * headDim),
    key: up(key, batch, keyTokens, keyValueHeads * headDim),
    value: up(value, batch, keyTokens, keyValueHeads * headDim),
    heads,
    keyValueHeads,
    headDim,
    ...(layout && { layout }),
    ...(orders && { orders }),
    ...(one.norm && {
      norm: { kind: one.norm, epsilon: 1e-5, ...upChannels(weights), ...upChannels(biases) },
    }),
    ...(one.pairing &&
      tables && {
        rope: {
          pairing: one.pairing,
          cos: up(tables.cos, queryTokens, headDim / 2),
          sin: up(tables.sin, queryTokens, headDim / 2),
        },
      }),
    ...(keyLengths && { keyLengths }),
  };
  const { scale, queryPartition, keyPartition } = inferPrepareAttention(options);
  const operands = backend.prepareAttention(options);
  const { queryBlocks, keyBlocks } = operands;
  const mask =
    one.density === undefined
      ? undefined
      : randomMask({ heads, queryBlocks, keyBlocks, density: one.density, seed });
  const bias = one.bias ? random(heads, queryTokens, keyTokens) : undefined;
  const rowScale = one.merged ? random(batch, heads, queryTokens) : undefined;
  const residual = one.merged ? random(batch, queryTokens, heads, headDim) : undefined;
  const result = backend.attention({
    operands,
    returnLogSumExp: true,
    ...(mask && { mask: backend.prepareMask(mask) }),
    ...(bias && { bias: up(bias, heads, queryTokens, keyTokens) }),
    ...(rowScale && { rowScale: up(rowScale, batch, heads, queryTokens) }),
    ...(residual && { residual: up(residual, batch, queryTokens, heads * headDim) }),
  });
  const statistics =
    one.statistics &&
    backend.blockStatistics({
      operands,
      logSumExp: result.logSumExp!,
      epsilon: Math.fround(SMALL_BELOW),
    });

  const distinct = [...new Set(orders ?? [])];
  const expected = {
    output: await read(result.output),
    logSumExp: await read(result.logSumExp!),
    ...(statistics && {
      sum: await read(statistics.sum),
      maximum: await read(statistics.maximum),
      smallCount: await read(statistics.smallCount),
    }),
  };
  backend.dispose();
  return {
    batch,
    queryTokens,
    keyTokens,
    heads,
    keyValueHeads,
    headDim,
    query,
    key,
    value,
    scale: Float32Array.of(scale),
    queryStarts: Uint32Array.from(queryPartition.starts),
    keyStarts: Uint32Array.from(keyPartition.starts),
    ...Object.fromEntries(
      distinct.map((order, index) => [`order ${index}`, gatherIndices(layout!, order)]),
    ),
    choice: orders && Uint32Array.from(orders, (order) => distinct.indexOf(order)),
    epsilon: one.norm && Float32Array.of(1e-5),
    layerNorm: one.norm === "layer" ? 1 : undefined,
    ...weights,
    ...biases,
    ...tables,
    interleaved: one.pairing === "interleaved" ? 1 : undefined,
    keyLengths: keyLengths && Uint32Array.from(keyLengths),
    mask: mask && Uint32Array.from(mask.bits),
    bias,
    rowScale,
    residual,
    tolerance: Float32Array.of(TOLERANCE),
    smallBelow: Float32Array.of(SMALL_BELOW),
    ...Object.fromEntries(
      Object.entries(expected).map(([name, data]) => [`expected ${name}`, data]),
    ),
  };
}
