import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import { absolute, sumRoundoff } from "../tolerance.js";

interface Conv3dSpec {
  readonly name: string;
  /** [batch, inputs, frames, height, width] */
  readonly input: readonly [number, number, number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number, number];
  readonly padding?: readonly [number, number, number, number, number, number];
  readonly weightDtype?: "f32" | "f16" | "bf16";
  readonly bias?: boolean;
}

const SPECS: readonly Conv3dSpec[] = [
  {
    name: "3x3x3, causal: zeros before the first frame only",
    input: [2, 5, 4, 13, 15],
    outputs: 7,
    kernel: [3, 3, 3],
    padding: [2, 0, 1, 1, 1, 1],
    bias: true,
  },
  {
    name: "3x3x3 after two cached frames, whole vectors of channels",
    input: [1, 16, 5, 9, 8],
    outputs: 32,
    kernel: [3, 3, 3],
    padding: [0, 0, 1, 1, 1, 1],
    bias: true,
  },
  { name: "1x1x1", input: [2, 33, 3, 5, 7], outputs: 17, kernel: [1, 1, 1], bias: true },
  {
    name: "1x3x3, frame by frame",
    input: [1, 6, 5, 7, 6],
    outputs: 3,
    kernel: [1, 3, 3],
    padding: [0, 0, 1, 1, 1, 1],
  },
  {
    name: "uneven kernel and padding",
    input: [1, 3, 4, 6, 9],
    outputs: 5,
    kernel: [2, 5, 2],
    padding: [1, 3, 3, 0, 1, 2],
  },
  { name: "one pixel of one frame", input: [1, 6, 1, 1, 1], outputs: 6, kernel: [1, 1, 1] },
  {
    name: "one frame under a kernel of three",
    input: [1, 4, 1, 6, 5],
    outputs: 4,
    kernel: [3, 3, 3],
    padding: [2, 0, 1, 1, 1, 1],
  },
  {
    name: "f16 weights",
    input: [1, 7, 3, 6, 5],
    outputs: 18,
    kernel: [3, 3, 3],
    padding: [2, 0, 1, 1, 1, 1],
    weightDtype: "f16",
    bias: true,
  },
  {
    name: "bf16 weights",
    input: [1, 7, 3, 6, 5],
    outputs: 18,
    kernel: [3, 3, 3],
    weightDtype: "bf16",
    bias: true,
  },
];

export function conv3dCases(): ConformanceCase[] {
  return SPECS.map((spec) => ({
    name: `conv3d: ${spec.name}`,
    operator: "conv3d",
    run: async (context) => {
      const { outputs, kernel, weightDtype = "f32", padding } = spec;
      const random = new Random(context.seed, spec.name);
      const terms = spec.input[1] * kernel[0] * kernel[1] * kernel[2];
      const input = random.tensor(spec.input);
      const weight = random.weight([outputs, spec.input[1], ...kernel], {
        dtype: weightDtype,
        deviation: 1 / Math.sqrt(terms),
      });
      const bias = spec.bias ? random.weight([outputs], { dtype: weightDtype }) : undefined;
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.conv3d({
          input: backend.upload(input),
          weight: backend.upload(weight),
          ...(bias && { bias: backend.upload(bias) }),
          ...(padding && { padding }),
        }),
      }));
      const magnitude = await runProgram(context.reference, (backend) => ({
        output: backend.conv3d({
          input: backend.upload(absolute(input)),
          weight: backend.upload(absolute(weight)),
          ...(bias && { bias: backend.upload(absolute(bias)) }),
          ...(padding && { padding }),
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
