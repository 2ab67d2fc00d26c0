import { imageLayout } from "@paroattn/reorder";
import type { Tensor } from "@paroattn/tensor";
import type { AttentionInputs } from "./inputs.js";
import type { AttentionSpec } from "./spec.js";

const image = imageLayout({ height: 7, width: 11 });
const imageAfterText = imageLayout({ height: 7, width: 11, textTokens: 13 });

/** Without norm and rotation the codes of queries, keys and values have one right value. */
export const quantizedSpecs: readonly AttentionSpec[] = [
  { name: "ragged tail", heads: 1, headDim: 64, queryTokens: 150 },
  { name: "one token", heads: 1, headDim: 64, queryTokens: 1 },
  {
    name: "cross-attention with padded text, head dim 72",
    batch: 2,
    heads: 1,
    headDim: 72,
    queryTokens: 20,
    keyTokens: 131,
    keyLengths: [131, 17],
  },
  {
    name: "orders, text, mask, row scale and residual",
    heads: 2,
    headDim: 64,
    layout: imageAfterText,
    orders: ["WH", "HW"],
    mask: { kind: "random", density: 0.5 },
    rowScale: true,
    residual: true,
  },
  {
    name: "key lengths that cut a reordered grid",
    heads: 2,
    headDim: 64,
    layout: image,
    orders: ["WH", "HW"],
    keyLengths: [40],
  },
  {
    name: "keys far from zero, grouped heads",
    heads: 2,
    keyValueHeads: 1,
    headDim: 64,
    queryTokens: 66,
    mean: 2,
    deviation: 0.5,
  },
  { name: "bias", heads: 2, headDim: 64, queryTokens: 10, keyTokens: 140, bias: true },
];

/** For what is not smoothed; its inputs come from `onTheCodes`. */
export const quantizedFrontSpec: AttentionSpec = {
  name: "norm and rotation, on the codes",
  heads: 2,
  headDim: 64,
  layout: image,
  orders: ["WH", "HW"],
  norm: "rms",
  normWeights: true,
  rope: "interleaved",
};

/**
 * Queries and keys that come out of the norm and the rotation as whole multiples of a 127th of the block's largest, far
 * from where a code might round to either side: signs, weighted by such multiples, turned by quarters.
 */
export function onTheCodes(inputs: AttentionInputs): AttentionInputs {
  const signs = (tensor: Tensor<"f32">) => ({
    ...tensor,
    data: tensor.data.map((x) => (x < 0 ? -1 : 1)),
  });
  const multiples = (tensor: Tensor<"f32">) => ({
    ...tensor,
    data: tensor.data.map(
      (x, c) => (c === 0 ? 1 : Math.round(Math.abs(x) * 100) % 128) / (c === 0 ? 1 : 127),
    ),
  });
  const turns = inputs.cos!.data.map((x) => Math.floor(Math.abs(x) * 64) % 4);
  return {
    ...inputs,
    query: signs(inputs.query),
    key: signs(inputs.key),
    normTensors: Object.fromEntries(
      Object.entries(inputs.normTensors).map(([name, tensor]) => [name, multiples(tensor)]),
    ),
    cos: { ...inputs.cos!, data: turns.map((turn) => [1, 0, -1, 0][turn]!) },
    sin: { ...inputs.sin!, data: turns.map((turn) => [0, 1, 0, -1][turn]!) },
  };
}
