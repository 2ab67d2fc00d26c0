import { expect, it } from "vitest";
import * as backend from "../../src/index.js";
import { fakeTensor as t } from "../support/fake-tensor.js";

const feedForward = {
  input: t([2, 5, 3]),
  inner: { weight: t([6, 3]) },
  activation: "silu",
  outer: { weight: t([4, 6]) },
} as const;

const refusals: Readonly<Record<string, () => unknown>> = {
  "linear: expected input of shape [..., 320] to match weight [640, 320] but found [2, 77, 768]":
    () => backend.inferLinear({ input: t([2, 77, 768]), weight: t([640, 320]) }),
  "linear: expected input of dtype f32 but found f16": () =>
    backend.inferLinear({ input: t([3], "f16"), weight: t([5, 3]) }),
  "linear: expected weight of dtype f32, f16 or bf16 but found i8": () =>
    backend.inferLinear({ input: t([3]), weight: t([5, 3], "i8") }),
  "linear: expected weight of shape [outputs, inputs] but found [5]": () =>
    backend.inferLinear({ input: t([5]), weight: t([5]) }),
  "linear: expected bias of shape [5] but found [3]": () =>
    backend.inferLinear({ input: t([3]), weight: t([5, 3]), bias: t([3]) }),
  "linear: expected activation to be one of silu, gelu, geluTanh, relu but found swish": () =>
    backend.inferLinear({ input: t([3]), weight: t([5, 3]), activation: "swish" as "silu" }),
  "linear: expected input of shape [batch, tokens, inputs] with a gate but found [2, 3]": () =>
    backend.inferLinear({ input: t([2, 3]), weight: t([5, 3]), gate: t([2, 5]) }),
  "linear: expected gate of shape [2, 5] for input's batch and weight's outputs but found [2, 3]":
    () => backend.inferLinear({ input: t([2, 7, 3]), weight: t([5, 3]), gate: t([2, 3]) }),
  "linear: expected residual of shape [2, 5] as the result but found [2, 3]": () =>
    backend.inferLinear({ input: t([2, 3]), weight: t([5, 3]), residual: t([2, 3]) }),
  "linear: expected residual of dtype f32 but found f16": () =>
    backend.inferLinear({ input: t([2, 3]), weight: t([5, 3]), residual: t([2, 5], "f16") }),
  "feedForward: expected input of shape [batch, tokens, inputs] but found [2, 3]": () =>
    backend.inferFeedForward({ ...feedForward, input: t([2, 3]) }),
  "feedForward: expected inner.weight of shape [6, 3] but found [6, 4]": () =>
    backend.inferFeedForward({ ...feedForward, inner: { weight: t([6, 4]) } }),
  "feedForward: expected inner.weight of shape [2, 6, 3] but found [1, 6, 3]": () =>
    backend.inferFeedForward({ ...feedForward, inner: { weight: t([1, 6, 3]) } }),
  "feedForward: expected inner.bias of shape [6] to match the weight but found [2, 6]": () =>
    backend.inferFeedForward({ ...feedForward, inner: { weight: t([6, 3]), bias: t([2, 6]) } }),
  "feedForward: expected outer.weight of as many axes as inner.weight [6, 3] but found [2, 4, 6]":
    () => backend.inferFeedForward({ ...feedForward, outer: { weight: t([2, 4, 6]) } }),
  "feedForward: expected activation to be one of silu, gelu, geluTanh, relu but found swish": () =>
    backend.inferFeedForward({ ...feedForward, activation: "swish" as "silu" }),
  "feedForward: expected activation.softmaxGroups to be a divisor of 6 hidden channels but found 4":
    () => backend.inferFeedForward({ ...feedForward, activation: { softmaxGroups: 4 } }),
  "feedForward: expected gate of shape [2, 4] but found [2, 6]": () =>
    backend.inferFeedForward({ ...feedForward, gate: t([2, 6]) }),
  "feedForward: expected residual of shape [2, 5, 4] as the result but found [2, 5, 3]": () =>
    backend.inferFeedForward({ ...feedForward, residual: t([2, 5, 3]) }),
  "linear: expected input of shape [..., 3] to match weight [5, 3] but found []": () =>
    backend.inferLinear({ input: t([]), weight: t([5, 3]) }),
  "conv2d: expected input of shape [batch, 4, height, width] to match weight [8, 4, 3, 3] but found [1, 3, 9, 9]":
    () => backend.inferConv2d({ input: t([1, 3, 9, 9]), weight: t([8, 4, 3, 3]) }),
  "conv2d: expected stride to be a whole number of at least 1 but found 0": () =>
    backend.inferConv2d({ input: t([1, 4, 9, 9]), weight: t([8, 4, 3, 3]), stride: 0 }),
  "conv2d: expected padding to be a whole number of at least 0 but found -1": () =>
    backend.inferConv2d({
      input: t([1, 4, 9, 9]),
      weight: t([8, 4, 3, 3]),
      padding: [0, 0, -1, 0],
    }),
  "conv2d: expected input to be at least [3, 3] in height and width with its padding but found [2, 3]":
    () =>
      backend.inferConv2d({
        input: t([1, 4, 2, 2]),
        weight: t([8, 4, 3, 3]),
        padding: [0, 0, 1, 0],
      }),
  "conv3d: expected input of shape [batch, 4, frames, height, width] to match weight [8, 4, 3, 3, 3] but found [1, 4, 9, 9]":
    () => backend.inferConv3d({ input: t([1, 4, 9, 9]), weight: t([8, 4, 3, 3, 3]) }),
  "conv3d: expected weight of shape [outputs, inputs, kernelFrames, kernelHeight, kernelWidth] but found [8, 4, 3, 3]":
    () => backend.inferConv3d({ input: t([1, 4, 9, 9, 9]), weight: t([8, 4, 3, 3]) }),
  "conv3d: expected padding to be a whole number of at least 0 but found 0.5": () =>
    backend.inferConv3d({
      input: t([1, 4, 9, 9, 9]),
      weight: t([8, 4, 3, 3, 3]),
      padding: [2, 0, 1, 1, 1, 0.5],
    }),
  "conv3d: expected input to be at least [3, 3, 3] in frames, height and width with its padding but found [2, 3, 4]":
    () =>
      backend.inferConv3d({
        input: t([1, 4, 1, 2, 4]),
        weight: t([8, 4, 3, 3, 3]),
        padding: [1, 0, 1, 0, 0, 0],
      }),
  "layerNorm: expected shift together with scale but found none": () =>
    backend.inferLayerNorm({ input: t([1, 2, 3]), scale: t([1, 3]), epsilon: 0 }),
  "layerNorm: expected input of shape [batch, tokens, channels] with scale and shift but found [2, 3]":
    () =>
      backend.inferLayerNorm({ input: t([2, 3]), scale: t([2, 3]), shift: t([2, 3]), epsilon: 0 }),
  "layerNorm: expected shift of shape [2, 3] but found [1, 3]": () =>
    backend.inferLayerNorm({
      input: t([2, 5, 3]),
      scale: t([2, 3]),
      shift: t([1, 3]),
      epsilon: 0,
    }),
  "layerNorm: expected epsilon to be a finite number of at least 0 but found NaN": () =>
    backend.inferLayerNorm({ input: t([2, 3]), epsilon: Number.NaN }),
  "rmsNorm: expected weight of shape [3] but found [2, 3]": () =>
    backend.inferRmsNorm({ input: t([2, 3]), weight: t([2, 3]), epsilon: 0 }),
  "groupNorm: expected groups to be a divisor of 6 channels but found 4": () =>
    backend.inferGroupNorm({ input: t([1, 6, 2]), groups: 4, epsilon: 0 }),
  "add: expected b to broadcast with a [2, 3] but found [2]": () =>
    backend.inferBinary("add", { a: t([2, 3]), b: t([2]) }),
  "add: expected a of dtype f32, f16 or bf16 but found i32": () =>
    backend.inferBinary("add", { a: t([2], "i32"), b: t([2], "i32") }),
  "multiply: expected b of dtype bf16 to match a but found f32": () =>
    backend.inferBinary("multiply", { a: t([2], "bf16"), b: t([2]) }),
  "addGated: expected gate of dtype f16 to match residual but found f32": () =>
    backend.inferAddGated({
      residual: t([2, 5, 3], "f16"),
      value: t([2, 5, 3], "f16"),
      gate: t([2, 3]),
    }),
  "layerNorm: expected scale of dtype bf16 to match input but found f32": () =>
    backend.inferLayerNorm({
      input: t([2, 5, 3], "bf16"),
      scale: t([2, 3]),
      shift: t([2, 3]),
      epsilon: 0,
    }),
  "concat: expected inputs[1] of dtype f16 to match inputs[0] but found bf16": () =>
    backend.inferConcat({ inputs: [t([2, 4], "f16"), t([2, 4], "bf16")], axis: 1 }),
  "combine: expected terms[1].tensor of dtype f16 to match terms[0].tensor but found f32": () =>
    backend.inferCombine({
      terms: [
        { tensor: t([2], "f16"), factor: 1 },
        { tensor: t([2]), factor: 1 },
      ],
    }),
  "addGated: expected gate of shape [2, 3] to match residual's batch and channels but found [3]":
    () => backend.inferAddGated({ residual: t([2, 5, 3]), value: t([2, 5, 3]), gate: t([3]) }),
  "combine: expected terms to be at least one but found none": () =>
    backend.inferCombine({ terms: [] }),
  "combine: expected terms[1].tensor of shape [2] to match terms[0].tensor but found [3]": () =>
    backend.inferCombine({
      terms: [
        { tensor: t([2]), factor: 1 },
        { tensor: t([3]), factor: 1 },
      ],
    }),
  "combine: expected terms[0].factor to be a finite number but found Infinity": () =>
    backend.inferCombine({ terms: [{ tensor: t([2]), factor: Number.POSITIVE_INFINITY }] }),
  "embedding: expected ids of dtype i32 but found f32": () =>
    backend.inferEmbedding({ table: t([9, 4]), ids: t([2]) }),
  "permute: expected axes to name each axis of input [2, 3] once but found [0, 0]": () =>
    backend.inferPermute({ input: t([2, 3]), axes: [0, 0] }),
  "reshape: expected shape to hold the 6 elements of input [2, 3] but found [4, -1]": () =>
    backend.inferReshape({ input: t([2, 3]), shape: [4, -1] }),
  "reshape: expected shape to hold whole sizes and at most one -1 but found [-1, -1]": () =>
    backend.inferReshape({ input: t([2, 3]), shape: [-1, -1] }),
  "concat: expected inputs[1] of shape [2, any] to match inputs[0] but found [3, 4]": () =>
    backend.inferConcat({ inputs: [t([2, 4]), t([3, 4])], axis: 1 }),
  "concat: expected axis to be a whole number in 0..1 but found -1": () =>
    backend.inferConcat({ inputs: [t([2, 4])], axis: -1 }),
  "slice: expected start and end to satisfy 0 <= start < end <= 3 along axis 0 of [3] but found 1 and 4":
    () => backend.inferSlice({ input: t([3]), axis: 0, start: 1, end: 4 }),
  "upsampleNearest2d: expected factor to be a whole number of at least 1 but found 1.5": () =>
    backend.inferUpsampleNearest2d({ input: t([1, 1, 2, 2]), factor: 1.5 }),
};

it.each(Object.entries(refusals))("%s", (message, call) => {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  expect(backend.InvalidArgumentError.isInstance(error)).toBe(true);
  expect((error as Error).message).toBe(message);
  expect((error as backend.InvalidArgumentError).operator).toBe(message.split(":")[0]);
});
