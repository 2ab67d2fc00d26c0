import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { FloatDType } from "../../device-tensor.js";
import { representable, uploadAs } from "../activations.js";
import type { ConformanceCase, ConformanceContext } from "../case.js";
import { expectClose } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import {
  ACTIVATION_SLOPE,
  absolute,
  FUNCTION_ROUNDINGS,
  sumRoundoff,
  UNIT_ROUNDOFF,
} from "../tolerance.js";
import {
  type GroupNormSpec,
  groupNormSpecs,
  type LayerNormSpec,
  layerNormSpecs,
  type RmsNormSpec,
  rmsNormSpecs,
} from "./norm-specs.js";

export function normCases({ dtype }: ConformanceSettings): ConformanceCase[] {
  return [
    ...layerNormSpecs.map((spec) => ({
      name: `layerNorm: ${spec.name}`,
      operator: "layerNorm",
      run: (context: ConformanceContext) => runLayerNorm(context, spec, dtype),
    })),
    ...rmsNormSpecs.map((spec) => ({
      name: `rmsNorm: ${spec.name}`,
      operator: "rmsNorm",
      run: (context: ConformanceContext) => runRmsNorm(context, spec, dtype),
    })),
    ...groupNormSpecs.map((spec) => ({
      name: `groupNorm: ${spec.name}`,
      operator: "groupNorm",
      run: (context: ConformanceContext) => runGroupNorm(context, spec, dtype),
    })),
  ];
}

/**
 * Error of (x - mean) / deviation: the mean's and the variance's sums round relative to the mean absolute value,
 * and what they round is divided by the deviation.
 */
function normalizedErrors(rows: Tensor, length: number, epsilon: number): Float64Array {
  const data = rows.data as Float32Array;
  const errors = new Float64Array(data.length);
  const relative = sumRoundoff(length) + FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  for (let start = 0; start < data.length; start += length) {
    const row = Array.from(data.subarray(start, start + length));
    const mean = row.reduce((sum, x) => sum + x, 0) / length;
    const magnitude = row.reduce((sum, x) => sum + Math.abs(x), 0) / length;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / length;
    const deviation = Math.sqrt(variance + epsilon);
    for (const [i, x] of row.entries()) {
      errors[start + i] = (relative * (Math.abs(x) + magnitude)) / deviation;
    }
  }
  return errors;
}

async function runLayerNorm(
  context: ConformanceContext,
  spec: LayerNormSpec,
  dtype: FloatDType,
): Promise<void> {
  const { shape, epsilon = 1e-6, weightDtype = "f32" } = spec;
  const random = new Random(context.seed, spec.name);
  const channels = shape.at(-1)!;
  const input = representable(random.tensor(shape, { mean: spec.mean ?? 0 }), dtype);
  const weight = spec.weight
    ? random.weight([channels], { dtype: weightDtype, mean: 1 })
    : undefined;
  const bias = spec.weight ? random.weight([channels], { dtype: weightDtype }) : undefined;
  const modulation = () => representable(random.tensor([shape[0]!, channels]), dtype);
  const scale = spec.adaptive ? modulation() : undefined;
  const shift = spec.adaptive ? modulation() : undefined;
  const program = (backend: Backend, as: FloatDType) => ({
    output: backend.layerNorm({
      input: uploadAs(backend, input, as),
      ...(weight && { weight: backend.upload(weight) }),
      ...(bias && { bias: backend.upload(bias) }),
      ...(scale &&
        shift && { scale: uploadAs(backend, scale, as), shift: uploadAs(backend, shift, as) }),
      epsilon,
    }),
  });
  const { actual, expected } = await runOnBoth(context, program, dtype);
  const errors = normalizedErrors(input, channels, epsilon);
  const weights = weight && absolute(weight).data;
  const rowsOfBatch = input.data.length / (shape[0] ?? 1);
  expectClose({
    what: "output",
    actual: actual.output,
    expected: expected.output,
    bound: (index, value) => {
      const c = index % channels;
      const at = Math.floor(index / rowsOfBatch) * channels + c;
      const factor = (weights?.[c] ?? 1) * Math.abs(1 + (scale?.data[at] ?? 0));
      const offsets =
        absoluteAt(bias, c) * Math.abs(1 + (scale?.data[at] ?? 0)) + absoluteAt(shift, at);
      return factor * errors[index]! + 4 * UNIT_ROUNDOFF * (Math.abs(value) + offsets);
    },
    dtype,
  });
}

async function runRmsNorm(
  context: ConformanceContext,
  spec: RmsNormSpec,
  dtype: FloatDType,
): Promise<void> {
  const { shape, epsilon = 1e-6, weightDtype } = spec;
  const random = new Random(context.seed, spec.name);
  const channels = shape.at(-1)!;
  const input = representable(random.tensor(shape, { deviation: spec.deviation ?? 1 }), dtype);
  const weight =
    weightDtype && random.weight([channels], { dtype: weightDtype, mean: 1, deviation: 0.5 });
  const program = (backend: Backend, as: FloatDType) => ({
    output: backend.rmsNorm({
      input: uploadAs(backend, input, as),
      ...(weight && { weight: backend.upload(weight) }),
      epsilon,
    }),
  });
  const { actual, expected } = await runOnBoth(context, program, dtype);
  const relative = sumRoundoff(channels) + FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  expectClose({
    what: "output",
    actual: actual.output,
    expected: expected.output,
    bound: (_, value) => relative * Math.abs(value),
    dtype,
  });
}

async function runGroupNorm(
  context: ConformanceContext,
  spec: GroupNormSpec,
  dtype: FloatDType,
): Promise<void> {
  const { shape, groups, epsilon = 1e-6, weightDtype = "f32", activation } = spec;
  const random = new Random(context.seed, spec.name);
  const [batch, channels] = shape as [number, number];
  const input = representable(random.tensor(shape, { mean: spec.mean ?? 0 }), dtype);
  const weight = spec.weight
    ? random.weight([channels], { dtype: weightDtype, mean: 1 })
    : undefined;
  const bias = spec.weight ? random.weight([channels], { dtype: weightDtype }) : undefined;
  const program = (activated: boolean) => (backend: Backend, as: FloatDType) => ({
    output: backend.groupNorm({
      input: uploadAs(backend, input, as),
      groups,
      ...(weight && { weight: backend.upload(weight) }),
      ...(bias && { bias: backend.upload(bias) }),
      epsilon,
      ...(activated && activation && { activation }),
    }),
  });
  const { actual, expected } = await runOnBoth(context, program(true), dtype);
  const plain = await runProgram(context.reference, (backend) => program(false)(backend, "f32"));
  const positions = input.data.length / (batch * channels);
  const errors = normalizedErrors(input, (channels / groups) * positions, epsilon);
  const weights = weight && absolute(weight).data;
  const ofFunction = activation === undefined ? 0 : FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  expectClose({
    what: "output",
    actual: actual.output,
    expected: expected.output,
    bound: (index) => {
      const c = Math.floor(index / positions) % channels;
      const value = Math.abs(plain.output.data[index]!);
      const before =
        (weights?.[c] ?? 1) * errors[index]! + 4 * UNIT_ROUNDOFF * (value + absoluteAt(bias, c));
      return ACTIVATION_SLOPE * before + ofFunction * value;
    },
    dtype,
  });
}

function absoluteAt(tensor: Tensor | undefined, index: number): number {
  return tensor === undefined ? 0 : absolute(tensor).data[index]!;
}
