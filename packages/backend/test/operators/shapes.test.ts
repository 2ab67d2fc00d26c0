import { expect, it } from "vitest";
import * as backend from "../../src/index.js";
import { fakeTensor as t } from "../support/fake-tensor.js";

const shapes: Readonly<Record<string, readonly [() => readonly number[], readonly number[]]>> = {
  linear: [() => backend.inferLinear({ input: t([2, 77, 3]), weight: t([5, 3]) }), [2, 77, 5]],
  "linear of a vector": [() => backend.inferLinear({ input: t([3]), weight: t([5, 3]) }), [5]],
  "linear with gate and residual": [
    () =>
      backend.inferLinear({
        input: t([2, 77, 3]),
        weight: t([5, 3]),
        gate: t([2, 5]),
        residual: t([2, 77, 5]),
      }),
    [2, 77, 5],
  ],
  "feedForward with weights of each batch row": [
    () =>
      backend.inferFeedForward({
        input: t([2, 77, 3]),
        inner: { weight: t([2, 6, 3]), bias: t([2, 6], "f16") },
        activation: { softmaxGroups: 3 },
        outer: { weight: t([2, 4, 6]) },
        gate: t([2, 4]),
        residual: t([2, 77, 4]),
      }),
    [2, 77, 4],
  ],
  conv2d: [
    () =>
      backend.inferConv2d({
        input: t([1, 8, 11, 10]),
        weight: t([9, 8, 3, 3]),
        stride: 2,
        padding: [0, 1, 0, 1],
      }),
    [1, 9, 5, 5],
  ],
  conv3d: [
    () =>
      backend.inferConv3d({
        input: t([2, 8, 5, 11, 10]),
        weight: t([9, 8, 3, 3, 1]),
        padding: [2, 0, 1, 0, 0, 3],
      }),
    [2, 9, 5, 10, 13],
  ],
  layerNorm: [() => backend.inferLayerNorm({ input: t([2, 3]), epsilon: 0 }), [2, 3]],
  rmsNorm: [() => backend.inferRmsNorm({ input: t([2, 3]), epsilon: 0 }), [2, 3]],
  groupNorm: [
    () => backend.inferGroupNorm({ input: t([2, 6, 4]), groups: 3, epsilon: 0 }),
    [2, 6, 4],
  ],
  activate: [() => backend.inferActivate({ input: t([7]), activation: "silu" }), [7]],
  "add, both broadcast": [
    () => backend.inferBinary("add", { a: t([2, 1, 5]), b: t([3, 1]) }),
    [2, 3, 5],
  ],
  "multiply by a scalar": [() => backend.inferBinary("multiply", { a: t([]), b: t([4]) }), [4]],
  "add of an empty tensor": [() => backend.inferBinary("add", { a: t([0]), b: t([1]) }), [0]],
  addGated: [
    () => backend.inferAddGated({ residual: t([2, 5, 3]), value: t([2, 5, 3]), gate: t([2, 3]) }),
    [2, 5, 3],
  ],
  combine: [() => backend.inferCombine({ terms: [{ tensor: t([2, 2]), factor: 3 }] }), [2, 2]],
  embedding: [
    () => backend.inferEmbedding({ table: t([9, 4], "f16"), ids: t([2, 3], "i32") }),
    [2, 3, 4],
  ],
  permute: [() => backend.inferPermute({ input: t([2, 3, 4]), axes: [2, 0, 1] }), [4, 2, 3]],
  reshape: [() => backend.inferReshape({ input: t([2, 3, 4]), shape: [-1, 6] }), [4, 6]],
  "reshape to a scalar": [() => backend.inferReshape({ input: t([1, 1]), shape: [] }), []],
  concat: [() => backend.inferConcat({ inputs: [t([2, 1]), t([2, 5])], axis: 1 }), [2, 6]],
  slice: [() => backend.inferSlice({ input: t([4, 9]), axis: 1, start: 2, end: 9 }), [4, 7]],
  upsampleNearest2d: [
    () => backend.inferUpsampleNearest2d({ input: t([1, 2, 3, 4]), factor: 3 }),
    [1, 2, 9, 12],
  ],
};

it.each(Object.entries(shapes))("%s", (_, [infer, expected]) => {
  expect(infer()).toEqual(expected);
});
