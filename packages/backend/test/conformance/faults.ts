import type { ConformanceOptions } from "../../src/conformance/index.js";
import type {
  AttentionOptions,
  AttentionPrecision,
  Backend,
  PrepareAttentionOptions,
} from "../../src/index.js";
import type { Faults } from "../support/broken-backend.js";

type Attend = Backend["attention"];

/** `prepareAttention` with other options. */
function front(change: (options: PrepareAttentionOptions) => PrepareAttentionOptions): Faults {
  return {
    prepareAttention: (original) => (options) => original.prepareAttention(change(options)),
  };
}

/** `attention` without one of its options. */
function without(name: keyof AttentionOptions): Faults {
  return {
    attention: (original): Attend => {
      return (options) => {
        const { [name]: _, ...rest } = options;
        return original.attention(rest as AttentionOptions);
      };
    },
  };
}

function perturbed(relative: number): Faults {
  return {
    linear: (original) => (options) =>
      original.combine({ terms: [{ tensor: original.linear(options), factor: 1 + relative }] }),
    attention: (original): Attend => {
      return (options) => {
        const { output, ...rest } = original.attention(options);
        const terms = [{ tensor: output, factor: 1 + relative }];
        return { ...rest, output: original.combine({ terms }) };
      };
    },
  };
}

/** Inputs rounded (or cut off) to `bits` of mantissa, as by a matrix unit of lower precision. */
function rounded(bits: number, towards: (value: number) => number = Math.round): Faults {
  return {
    upload: (original) => (tensor) => {
      if (tensor.dtype !== "f32" || tensor.shape.length !== 3) return original.upload(tensor);
      const data = Float32Array.from(tensor.data, (value) => {
        const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - bits);
        return value === 0 ? 0 : towards(value / unit) * unit;
      });
      return original.upload({ ...tensor, data });
    },
  };
}

/** Quantized attention with other choices than those that are asked for. */
function requantized(choices: Partial<AttentionPrecision>) {
  return (options: PrepareAttentionOptions): PrepareAttentionOptions => {
    const { precision } = options;
    return precision === undefined
      ? options
      : { ...options, precision: { ...precision, ...choices } };
  };
}

const inBf16 = { precision: { qk: "bf16", pv: "bf16" } } as const;

/** Faults that a backend may really have, each with the operator whose cases must find it. */
export const faults: readonly {
  readonly name: string;
  readonly operator: string;
  /** What the names of the cases that must find it have in common; all cases of the operator by default. */
  readonly among?: string;
  /** With which the suite finds it. Default: none. */
  readonly options?: ConformanceOptions;
  readonly faults: Faults;
}[] = [
  {
    name: "linear forgets its bias",
    operator: "linear",
    faults: {
      linear:
        (original) =>
        ({ bias: _, ...rest }) =>
          original.linear(rest),
    },
  },
  {
    name: "linear gates the residual too",
    operator: "linear",
    among: "gate and residual",
    faults: {
      linear:
        (original) =>
        ({ residual, gate, ...rest }) => {
          if (residual === undefined || gate === undefined) {
            return original.linear({
              ...rest,
              ...(residual && { residual }),
              ...(gate && { gate }),
            });
          }
          const value = original.add({ a: original.linear(rest), b: residual });
          const [batch, outputs] = gate.shape as [number, number];
          const factors = original.reshape({ input: gate, shape: [batch, 1, outputs] });
          return original.multiply({ a: value, b: factors });
        },
    },
  },
  {
    name: "gelu is the tanh approximation",
    operator: "activate",
    faults: {
      activate: (original) => (options) =>
        original.activate({
          ...options,
          activation: options.activation === "gelu" ? "geluTanh" : options.activation,
        }),
    },
  },
  { name: "linear is off by 1e-4", operator: "linear", faults: perturbed(1e-4) },
  {
    name: "attention multiplies in TF32",
    operator: "attention",
    among: "head dim 64, ragged tail",
    faults: rounded(10),
  },
  { name: "attention is off by 1e-3", operator: "attention", faults: perturbed(1e-3) },
  {
    name: "conv2d pads both sides alike",
    operator: "conv2d",
    faults: {
      conv2d: (original) => (options) => {
        const [top, bottom, left, right] = options.padding ?? [0, 0, 0, 0];
        return original.conv2d({ ...options, padding: [bottom, top, right, left] });
      },
    },
  },
  {
    name: "conv3d is not causal",
    operator: "conv3d",
    faults: {
      conv3d: (original) => (options) => {
        const [first, last, ...rest] = options.padding ?? [0, 0, 0, 0, 0, 0];
        return original.conv3d({ ...options, padding: [last, first, ...rest] });
      },
    },
  },
  {
    name: "layerNorm takes the wrong epsilon",
    operator: "layerNorm",
    faults: {
      layerNorm: (original) => (options) => original.layerNorm({ ...options, epsilon: 1e-3 }),
    },
  },
  {
    name: "layerNorm swaps scale and shift",
    operator: "layerNorm",
    faults: {
      layerNorm:
        (original) =>
        ({ scale, shift, ...rest }) =>
          original.layerNorm({ ...rest, ...(scale && shift && { scale: shift, shift: scale }) }),
    },
  },
  {
    name: "groupNorm forgets its activation",
    operator: "groupNorm",
    faults: {
      groupNorm:
        (original) =>
        ({ activation: _, ...rest }) =>
          original.groupNorm(rest),
    },
  },
  {
    name: "key lengths are forgotten",
    operator: "attention",
    among: "padded text",
    faults: front(({ keyLengths: _, ...rest }) => rest),
  },
  {
    name: "orders are forgotten, which only a mask shows",
    operator: "attention",
    among: "orders and a mask",
    faults: front(({ orders: _, ...rest }) => rest),
  },
  {
    name: "text and grid share a block",
    operator: "attention",
    among: "orders and a mask",
    faults: front(({ layout: _, orders: __, ...rest }) => rest),
  },
  {
    name: "rope pairs otherwise",
    operator: "attention",
    among: "rope",
    faults: front(({ rope, ...rest }) => ({
      ...rest,
      ...(rope && { rope: { ...rope, pairing: "half" as const } }),
    })),
  },
  {
    name: "the query's norm weight serves the key too",
    operator: "attention",
    among: "norm",
    faults: front(({ norm, ...rest }) => ({
      ...rest,
      ...(norm && {
        norm: { ...norm, ...(norm.queryWeight && { keyWeight: norm.queryWeight }) },
      }),
    })),
  },
  {
    name: "the variance of queries and keys carries a rounding of E[x²]",
    operator: "attention",
    among: "far away at 1000",
    faults: front(({ norm, ...rest }) => ({
      ...rest,
      ...(norm && { norm: { ...norm, epsilon: norm.epsilon + 2 ** -24 * 1000 ** 2 } }),
    })),
  },
  {
    name: "head dim 72 is scaled as if it were padded to 80",
    operator: "attention",
    among: "72",
    faults: front((options) =>
      options.headDim === 72 ? { ...options, scale: 1 / Math.sqrt(80) } : options,
    ),
  },
  { name: "the mask is forgotten", operator: "attention", among: "mask", faults: without("mask") },
  { name: "the bias is forgotten", operator: "attention", among: "bias", faults: without("bias") },
  {
    name: "the row scale is forgotten",
    operator: "attention",
    among: "row scale",
    faults: without("rowScale"),
  },
  {
    name: "the residual is forgotten",
    operator: "attention",
    among: "residual",
    faults: without("residual"),
  },
  {
    name: "one mask serves all batch rows",
    operator: "attention",
    among: "mask per batch row",
    faults: {
      prepareMask: (original) => (mask) =>
        original.prepareMask(Array.isArray(mask) ? mask.map(() => mask[0]) : mask),
    },
  },
  {
    name: "block statistics take the maximum for the sum",
    operator: "blockStatistics",
    faults: {
      blockStatistics: (original) => (options) => {
        const { maximum, smallCount } = original.blockStatistics(options);
        return { sum: maximum, maximum, smallCount };
      },
    },
  },
  {
    name: "block statistics count against another epsilon",
    operator: "blockStatistics",
    faults: {
      blockStatistics: (original) => (options) =>
        original.blockStatistics({ ...options, epsilon: options.epsilon * 1.1 }),
    },
  },
  {
    name: "permute transposes the last two axes only",
    operator: "permute",
    faults: {
      permute: (original) => (options) =>
        original.permute({
          ...options,
          axes: options.axes.length === 3 ? [0, 2, 1] : options.axes,
        }),
    },
  },
  {
    name: "add does not check its arguments",
    operator: "add",
    faults: {
      add:
        (original) =>
        ({ a }) =>
          original.combine({ terms: [{ tensor: a, factor: 2 }] }),
    },
  },
  {
    name: "an id out of range reads row 0",
    operator: "embedding",
    faults: {
      embedding: (original) => (options) =>
        original.slice({
          input: original.concat({
            inputs:
              options.ids.shape.length === 1 ? [options.table] : [original.embedding(options)],
            axis: 0,
          }),
          axis: 0,
          start: 0,
          end: options.ids.shape[0]!,
        }),
    },
  },
  {
    name: "keep does nothing",
    operator: "scope",
    faults: {
      scope: (original) => (options) => {
        const scope = original.scope(options);
        return new Proxy(scope, {
          get: (target, name) => {
            if (name === "keep") return <T>(resource: T) => resource;
            const member = Reflect.get(target, name, target);
            return typeof member === "function" ? member.bind(target) : member;
          },
        });
      },
    },
  },
  {
    name: "signals are not heard",
    operator: "scope",
    faults: {
      scope: (original) => (options) => original.scope({ ...(options?.timed && { timed: true }) }),
    },
  },
  {
    name: "flush tells nothing",
    operator: "flush",
    faults: { flush: (original) => () => original.flush().catch(() => undefined) },
  },
  {
    name: "operands are rounded before the norm and again after it",
    operator: "attention",
    among: "rms norm",
    options: inBf16,
    faults: rounded(7),
  },
  {
    name: "operands are cut off rather than rounded",
    operator: "attention",
    among: "head dim 64, ragged tail",
    options: inBf16,
    faults: rounded(7, Math.trunc),
  },
  {
    name: "operands are cut off by one f16 bit before they are rounded to f16",
    operator: "attention",
    among: "head dim 96",
    options: { precision: { qk: "f16", pv: "f16" } },
    faults: rounded(11, Math.trunc),
  },
  {
    name: "attention multiplies in bf16 where f16 is asked for",
    operator: "attention",
    among: "head dim 72",
    options: { precision: { qk: "f16", pv: "f16" } },
    faults: front((options) => ({ ...options, precision: { qk: "bf16", pv: "bf16" } })),
  },
  {
    name: "the precision is not heard",
    operator: "attention",
    among: "layer norm, rope and orders together",
    options: inBf16,
    faults: front(({ precision: _, ...rest }) => rest),
  },
  {
    name: "f16 attention is off as if its map were rounded to bf16",
    operator: "attention",
    among: "five keys",
    options: { precision: { qk: "f16", pv: "f16" } },
    faults: perturbed(2 ** -9),
  },
  {
    name: "block statistics of bf16 operands are those of f32 operands",
    operator: "blockStatistics",
    among: "peaked maps",
    options: inBf16,
    faults: front(({ precision: _, ...rest }) => rest),
  },
  {
    name: "the output is rounded to bf16 before the residual is added",
    operator: "attention",
    among: "residual only",
    options: { dtype: "bf16" },
    faults: {
      attention: (original): Attend => {
        return ({ residual, ...options }) => {
          const { output, ...rest } = original.attention(options);
          return { ...rest, output: residual ? original.add({ a: output, b: residual }) : output };
        };
      },
    },
  },
  {
    name: "addGated rounds the product before the sum",
    operator: "addGated",
    options: { dtype: "f16" },
    faults: {
      addGated:
        (original) =>
        ({ residual, value, gate }) => {
          const [batch, channels] = gate.shape as [number, number];
          const factors = original.reshape({ input: gate, shape: [batch, 1, channels] });
          return original.add({ a: residual, b: original.multiply({ a: value, b: factors }) });
        },
    },
  },
  {
    name: "combine rounds each partial sum to bf16",
    operator: "combine",
    among: "5 terms",
    options: { dtype: "bf16" },
    faults: {
      combine:
        (original) =>
        ({ terms }) =>
          terms
            .map((term) => original.combine({ terms: [term] }))
            .reduce((a, b) => original.add({ a, b })),
    },
  },
  {
    name: "layerNorm rounds to bf16 before its weight",
    operator: "layerNorm",
    among: "bf16 weights",
    options: { dtype: "bf16" },
    faults: {
      layerNorm:
        (original) =>
        ({ weight, bias, ...rest }) => {
          const plain = original.layerNorm(rest);
          const scaled = weight ? original.multiply({ a: plain, b: weight }) : plain;
          return bias ? original.add({ a: scaled, b: bias }) : scaled;
        },
    },
  },
  {
    name: "activations come back in f16 where bf16 was given",
    operator: "permute",
    options: { dtype: "bf16" },
    faults: {
      read: (original) => async (tensor) => {
        const host = await original.read(tensor);
        return host.dtype === "bf16" ? { ...host, dtype: "f16" } : host;
      },
    },
  },
  {
    name: "one code fits all entries of a row of a tile where it should fit the tile's",
    operator: "attention",
    among: "in int8 and int8, tile u7 channelBlock, smoothed: ragged tail",
    faults: front(requantized({ probabilityGroup: "tileRow" })),
  },
  {
    name: "codes of the map are relative to the whole row's maximum where the running one is asked for",
    operator: "attention",
    among: "in int4 and int4, tile u4 rank1, smoothed: ragged tail",
    faults: front(requantized({ probabilityGroup: "row" })),
  },
  {
    name: "codes of the map go to 255 where they should go to 127",
    operator: "attention",
    among: "in int8 and int8, tileRow u7 channelBlock, smoothed: bias",
    faults: front(requantized({ probabilityRange: "u8" })),
  },
  {
    name: "values have a scale a block and channel where rank 1 is asked for",
    operator: "attention",
    among: "in int8 and int8, row u8 rank1, smoothed: cross-attention",
    faults: front(requantized({ valueScale: "channelBlock" })),
  },
  {
    name: "keys are not smoothed",
    operator: "attention",
    among: "in int8 and f32, smoothed: keys far from zero",
    faults: front(requantized({ keySmoothing: false })),
  },
  {
    name: "integers are asked for and f32 is computed",
    operator: "attention",
    among: "in int8 and int8, tile u7 channelBlock, unsmoothed: norm and rotation",
    faults: front(({ precision: _, ...rest }) => rest),
  },
  {
    name: "the log-sum-exp of smoothed keys is not told in terms of the keys as they were",
    operator: "attention",
    among: "in int8 and int8, tile u8 channelBlock, smoothed: keys far from zero",
    faults: {
      attention: (original): Attend => {
        return (options) => {
          const { logSumExp, ...rest } = original.attention(options);
          return logSumExp === undefined
            ? rest
            : {
                ...rest,
                logSumExp: original.combine({ terms: [{ tensor: logSumExp, factor: 0.9 }] }),
              };
        };
      },
    },
  },
];
