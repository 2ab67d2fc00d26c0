import type { Backend } from "../../backend.js";
import type { Activation } from "../../operator-options.js";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import {
  ACTIVATION_SLOPE,
  absolute,
  FUNCTION_ROUNDINGS,
  sumRoundoff,
  UNIT_ROUNDOFF,
} from "../tolerance.js";

interface LinearSpec {
  readonly name: string;
  /** Axes of the input in front of its channels. */
  readonly rows: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
  readonly weightDtype?: "f32" | "f16" | "bf16";
  readonly bias?: boolean;
  readonly activation?: Activation;
  readonly gate?: boolean;
  readonly residual?: boolean;
}

const SPECS: readonly LinearSpec[] = [
  { name: "odd sizes", rows: [2, 77], inputs: 33, outputs: 65 },
  { name: "bias", rows: [3, 5], inputs: 72, outputs: 40, bias: true },
  { name: "one row, one input, one output", rows: [1], inputs: 1, outputs: 1, bias: true },
  { name: "a vector", rows: [], inputs: 48, outputs: 7, bias: true },
  { name: "rank 4", rows: [2, 3, 4], inputs: 16, outputs: 9 },
  { name: "long sums", rows: [3], inputs: 4097, outputs: 17, bias: true },
  { name: "f16 weights", rows: [2, 19], inputs: 64, outputs: 33, weightDtype: "f16", bias: true },
  { name: "bf16 weights", rows: [2, 19], inputs: 65, outputs: 32, weightDtype: "bf16", bias: true },
  ...(["silu", "gelu", "geluTanh", "relu"] as const).map((activation) => ({
    name: `bias and ${activation}`,
    rows: [2, 9],
    inputs: 31,
    outputs: 37,
    bias: true,
    activation,
  })),
  { name: "gate", rows: [3, 7], inputs: 40, outputs: 33, gate: true },
  { name: "residual", rows: [5, 11], inputs: 24, outputs: 50, bias: true, residual: true },
  {
    name: "bias, silu, gate and residual",
    rows: [2, 21],
    inputs: 19,
    outputs: 70,
    bias: true,
    activation: "silu",
    gate: true,
    residual: true,
  },
  // Backends may treat many rows, and then many weights, in another way.
  { name: "many rows", rows: [3, 401], inputs: 13, outputs: 67, bias: true },
  {
    name: "many rows, f16 weights, geluTanh",
    rows: [1031],
    inputs: 40,
    outputs: 100,
    weightDtype: "f16",
    bias: true,
    activation: "geluTanh",
  },
  {
    name: "many rows and weights, gelu, gate and residual",
    rows: [2, 519],
    inputs: 270,
    outputs: 770,
    activation: "gelu",
    gate: true,
    residual: true,
  },
];

export function linearCases(): ConformanceCase[] {
  return SPECS.map((spec) => ({
    name: `linear: ${spec.name}`,
    operator: "linear",
    run: async (context) => {
      const { rows, inputs, outputs, weightDtype = "f32", activation } = spec;
      const random = new Random(context.seed, spec.name);
      const input = random.tensor([...rows, inputs]);
      const weight = random.weight([outputs, inputs], {
        dtype: weightDtype,
        deviation: 1 / Math.sqrt(inputs),
      });
      const bias = spec.bias ? random.weight([outputs], { dtype: weightDtype }) : undefined;
      const gate = spec.gate ? random.tensor([rows[0]!, outputs]) : undefined;
      const residual = spec.residual ? random.tensor([...rows, outputs]) : undefined;
      const { actual, expected } = await runOnBoth(context, (backend: Backend) => ({
        output: backend.linear({
          input: backend.upload(input),
          weight: backend.upload(weight),
          ...(bias && { bias: backend.upload(bias) }),
          ...(activation && { activation }),
          ...(gate && { gate: backend.upload(gate) }),
          ...(residual && { residual: backend.upload(residual) }),
        }),
      }));
      // |residual| + |gate| (Σ |x| |W| + |b|), by the same operator.
      const magnitude = await runProgram(context.reference, (backend) => ({
        output: backend.linear({
          input: backend.upload(absolute(input)),
          weight: backend.upload(absolute(weight)),
          ...(bias && { bias: backend.upload(absolute(bias)) }),
          ...(gate && { gate: backend.upload(absolute(gate)) }),
          ...(residual && { residual: backend.upload(absolute(residual)) }),
        }),
      }));
      const ofFunction = activation === undefined ? 0 : FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
      const relative = ACTIVATION_SLOPE * sumRoundoff(inputs + 2) + ofFunction;
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => relative * magnitude.output.data[index]!,
      });
    },
  }));
}
