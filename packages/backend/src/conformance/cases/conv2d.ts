import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import { absolute, sumRoundoff } from "../tolerance.js";

interface Conv2dSpec {
  readonly name: string;
  /** [batch, inputs, height, width] */
  readonly input: readonly [number, number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number];
  readonly stride?: number;
  readonly padding?: readonly [number, number, number, number];
  readonly weightDtype?: "f32" | "f16" | "bf16";
  readonly bias?: boolean;
}

const same: readonly [number, number, number, number] = [1, 1, 1, 1];
const SPECS: readonly Conv2dSpec[] = [
  { name: "3x3, padded", input: [1, 5, 9, 13], outputs: 7, kernel: [3, 3], padding: same },
  {
    name: "3x3, batch 2, whole vectors of channels, bias",
    input: [2, 16, 8, 8],
    outputs: 32,
    kernel: [3, 3],
    padding: same,
    bias: true,
  },
  { name: "no padding", input: [1, 3, 7, 6], outputs: 4, kernel: [3, 3] },
  {
    name: "stride 2 padded at the bottom and right only, as diffusers' Downsample2D",
    input: [1, 8, 11, 10],
    outputs: 9,
    kernel: [3, 3],
    stride: 2,
    padding: [0, 1, 0, 1],
    bias: true,
  },
  { name: "1x1", input: [2, 33, 5, 7], outputs: 17, kernel: [1, 1], bias: true },
  {
    name: "2x2 patches",
    input: [2, 4, 12, 18],
    outputs: 21,
    kernel: [2, 2],
    stride: 2,
    bias: true,
  },
  {
    name: "stride that leaves columns over",
    input: [1, 3, 10, 11],
    outputs: 5,
    kernel: [3, 3],
    stride: 3,
  },
  {
    name: "uneven kernel and padding",
    input: [1, 3, 6, 9],
    outputs: 5,
    kernel: [5, 2],
    padding: [3, 0, 1, 2],
  },
  { name: "60x72 grid", input: [1, 2, 60, 72], outputs: 3, kernel: [3, 3], padding: same },
  {
    name: "one pixel",
    input: [1, 6, 1, 1],
    outputs: 6,
    kernel: [3, 3],
    padding: same,
    bias: true,
  },
  {
    name: "f16 weights",
    input: [1, 7, 6, 5],
    outputs: 18,
    kernel: [3, 3],
    padding: same,
    weightDtype: "f16",
    bias: true,
  },
  {
    name: "bf16 weights",
    input: [1, 7, 6, 5],
    outputs: 18,
    kernel: [3, 3],
    padding: same,
    weightDtype: "bf16",
    bias: true,
  },
];

export function conv2dCases(): ConformanceCase[] {
  return SPECS.map((spec) => ({
    name: `conv2d: ${spec.name}`,
    operator: "conv2d",
    run: async (context) => {
      const { outputs, kernel, weightDtype = "f32", stride, padding } = spec;
      const random = new Random(context.seed, spec.name);
      const terms = spec.input[1] * kernel[0] * kernel[1];
      const input = random.tensor(spec.input);
      const weight = random.weight([outputs, spec.input[1], ...kernel], {
        dtype: weightDtype,
        deviation: 1 / Math.sqrt(terms),
      });
      const bias = spec.bias ? random.weight([outputs], { dtype: weightDtype }) : undefined;
      const geometry = { ...(stride && { stride }), ...(padding && { padding }) };
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.conv2d({
          input: backend.upload(input),
          weight: backend.upload(weight),
          ...(bias && { bias: backend.upload(bias) }),
          ...geometry,
        }),
      }));
      const magnitude = await runProgram(context.reference, (backend) => ({
        output: backend.conv2d({
          input: backend.upload(absolute(input)),
          weight: backend.upload(absolute(weight)),
          ...(bias && { bias: backend.upload(absolute(bias)) }),
          ...geometry,
        }),
      }));
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => sumRoundoff(terms) * magnitude.output.data[index]!,
      });
    },
  }));
}
