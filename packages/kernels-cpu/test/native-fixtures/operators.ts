import { type Activation, createReferenceBackend } from "@paroattn/backend";
import { fromFloat32, type Tensor } from "@paroattn/tensor";
import { type Fixture, numbers } from "./fixture.js";

/** In the order of native/kernels/common/activation.h, behind none. */
const ACTIVATIONS: readonly Activation[] = ["silu", "gelu", "geluTanh", "relu"];
const WEIGHT_TYPES = ["f32", "f16", "bf16"] as const;
type WeightType = (typeof WEIGHT_TYPES)[number];

/** Sums of at most a few hundred products in f32, relative to the largest result. */
const TOLERANCE = Float32Array.of(2e-5);
const EPSILON = 1e-5;

const backend = createReferenceBackend();

function up(data: Float32Array, ...shape: number[]) {
  return backend.upload({ dtype: "f32", shape, data });
}

async function read(tensor: ReturnType<typeof up>): Promise<Float32Array> {
  return (await backend.read(tensor)).data as Float32Array;
}

function activationWord(activation: Activation | undefined): number {
  return activation === undefined ? 0 : 1 + ACTIVATIONS.indexOf(activation);
}

/** A weight as a checkpoint holds it, and the words that stand for it. */
function weightOf(data: Float32Array, type: WeightType, shape: readonly number[]) {
  const tensor: Tensor = fromFloat32({ dtype: type, shape, data });
  const words = type === "f32" ? data : Uint32Array.from(tensor.data as Uint16Array);
  return { tensor, words, weightType: WEIGHT_TYPES.indexOf(type) };
}

async function linearFixture(
  rows: number,
  inputs: number,
  outputs: number,
  options: { readonly activation?: Activation; readonly type?: WeightType } = {},
): Promise<Fixture> {
  const { activation, type = "f32" } = options;
  const random = numbers(rows * 31 + inputs);
  const input = random(rows, inputs);
  const weight = weightOf(random(outputs, inputs), type, [outputs, inputs]);
  const bias = activation && random(outputs);
  const output = backend.linear({
    input: up(input, rows, inputs),
    weight: backend.upload(weight.tensor),
    ...(bias && { bias: up(bias, outputs) }),
    ...(activation && { activation }),
  });
  return {
    rows,
    inputs,
    outputs,
    input,
    weight: weight.words,
    weightType: weight.weightType,
    bias,
    activation: activationWord(activation),
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

async function convolutionFixture(options: {
  readonly type: WeightType;
  readonly stride: number;
  readonly padding: readonly [number, number, number, number];
}): Promise<Fixture> {
  const { type, stride, padding } = options;
  const [batch, inputs, height, width, outputs, kernel] = [2, 5, 11, 14, 7, 3] as const;
  const random = numbers(91);
  const input = random(batch, inputs, height, width);
  const weight = weightOf(random(outputs, inputs, kernel, kernel), type, [
    outputs,
    inputs,
    kernel,
    kernel,
  ]);
  const bias = random(outputs);
  const output = backend.conv2d({
    input: up(input, batch, inputs, height, width),
    weight: backend.upload(weight.tensor),
    bias: up(bias, outputs),
    stride,
    padding,
  });
  return {
    batch,
    inputs,
    outputs,
    kernel,
    sizes: Uint32Array.of(height, width),
    outputSizes: Uint32Array.from(output.shape.slice(2)),
    stride,
    padding: Uint32Array.from(padding),
    input,
    weight: weight.words,
    weightType: weight.weightType,
    bias,
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

async function videoConvolutionFixture(
  type: WeightType,
  padding: readonly [number, number, number, number, number, number],
): Promise<Fixture> {
  const [batch, inputs, outputs, kernel] = [2, 5, 7, 3] as const;
  const sizes = [4, 7, 9] as const;
  const random = numbers(92);
  const input = random(batch, inputs, ...sizes);
  const shape = [outputs, inputs, kernel, kernel, kernel];
  const weight = weightOf(random(...shape), type, shape);
  const bias = random(outputs);
  const output = backend.conv3d({
    input: up(input, batch, inputs, ...sizes),
    weight: backend.upload(weight.tensor),
    bias: up(bias, outputs),
    padding,
  });
  return {
    batch,
    inputs,
    outputs,
    kernel,
    sizes: Uint32Array.from(sizes),
    outputSizes: Uint32Array.from(output.shape.slice(2)),
    stride: 1,
    padding: Uint32Array.from(padding),
    input,
    weight: weight.words,
    weightType: weight.weightType,
    bias,
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

async function layerNormFixture(channels: number, adaptive: boolean): Promise<Fixture> {
  const [batch, tokens] = [2, 9] as const;
  const random = numbers(channels);
  const input = random(batch, tokens, channels);
  const named = adaptive
    ? { scale: random(batch, channels), shift: random(batch, channels) }
    : { weight: random(channels), bias: random(channels) };
  const parameters = Object.entries(named).map(([name, data]) => [
    name,
    adaptive ? up(data, batch, channels) : up(data, channels),
  ]);
  const output = backend.layerNorm({
    input: up(input, batch, tokens, channels),
    epsilon: EPSILON,
    ...Object.fromEntries(parameters),
  });
  return {
    batch,
    tokens,
    channels,
    input,
    ...named,
    epsilon: Float32Array.of(EPSILON),
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

async function rmsNormFixture(rows: number, channels: number): Promise<Fixture> {
  const random = numbers(rows + channels);
  const input = random(rows, channels);
  const weight = random(channels);
  const output = backend.rmsNorm({
    input: up(input, rows, channels),
    weight: up(weight, channels),
    epsilon: EPSILON,
  });
  return {
    rows,
    channels,
    input,
    weight,
    epsilon: Float32Array.of(EPSILON),
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

async function groupNormFixture(
  channels: number,
  groups: number,
  activation?: Activation,
): Promise<Fixture> {
  const [batch, positions] = [2, 35] as const;
  const random = numbers(channels + groups);
  const input = random(batch, channels, positions);
  const weight = random(channels);
  const bias = random(channels);
  const output = backend.groupNorm({
    input: up(input, batch, channels, positions),
    groups,
    weight: up(weight, channels),
    bias: up(bias, channels),
    epsilon: EPSILON,
    ...(activation && { activation }),
  });
  return {
    batch,
    channels,
    groups,
    positions,
    input,
    weight,
    bias,
    activation: activationWord(activation),
    epsilon: Float32Array.of(EPSILON),
    tolerance: TOLERANCE,
    "expected output": await read(output),
  };
}

/** Inputs, and what the reference backend makes of them. */
export async function operatorFixtures(): Promise<Record<string, Fixture>> {
  return {
    "linear-plain": await linearFixture(17, 33, 21),
    "linear-one-row": await linearFixture(1, 70, 65, { activation: "silu", type: "bf16" }),
    "linear-few-rows": await linearFixture(4, 129, 77, { activation: "gelu", type: "f16" }),
    "linear-many-rows": await linearFixture(70, 48, 19, { activation: "geluTanh", type: "f16" }),
    "linear-tiles": await linearFixture(1031, 20, 70, { activation: "silu", type: "bf16" }),
    "linear-relu": await linearFixture(3, 1, 5, { activation: "relu" }),
    "conv2d-plain": await convolutionFixture({ type: "f32", stride: 1, padding: [1, 1, 1, 1] }),
    "conv2d-uneven": await convolutionFixture({ type: "f16", stride: 2, padding: [0, 1, 2, 0] }),
    "conv3d-causal": await videoConvolutionFixture("f32", [2, 0, 1, 1, 1, 1]),
    "conv3d-uneven": await videoConvolutionFixture("bf16", [0, 1, 2, 0, 0, 1]),
    "layerNorm-affine": await layerNormFixture(37, false),
    "layerNorm-adaptive": await layerNormFixture(72, true),
    "rmsNorm-plain": await rmsNormFixture(13, 41),
    "groupNorm-plain": await groupNormFixture(12, 4),
    "groupNorm-silu": await groupNormFixture(9, 3, "silu"),
  };
}
