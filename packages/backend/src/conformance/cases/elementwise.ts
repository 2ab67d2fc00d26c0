import type { Tensor } from "@paroattn/tensor";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import { Random } from "../random.js";
import { runOnBoth, runProgram } from "../run-on-both.js";
import { absolute, FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";

const BROADCASTS: readonly { readonly a: readonly number[]; readonly b: readonly number[] }[] = [
  { a: [3, 5, 17], b: [3, 5, 17] },
  { a: [2, 9, 33], b: [33] },
  { a: [1, 1, 7], b: [2, 6, 1] },
  { a: [2, 1, 40], b: [2, 13, 40] },
  { a: [4, 8, 3, 5], b: [1, 8, 1, 1] },
  { a: [], b: [3, 11] },
  { a: [1], b: [1] },
];

export function elementwiseCases(): ConformanceCase[] {
  return [
    ...(["add", "multiply"] as const).flatMap((operator) =>
      BROADCASTS.map((shapes) => binaryCase(operator, shapes)),
    ),
    ...(["silu", "gelu", "geluTanh", "relu"] as const).map(activateCase),
    addGatedCase(),
    ...[1, 2, 5].map(combineCase),
  ];
}

function binaryCase(
  operator: "add" | "multiply",
  shapes: (typeof BROADCASTS)[number],
): ConformanceCase {
  const name = `${operator}: [${shapes.a.join(", ")}] with [${shapes.b.join(", ")}]`;
  return {
    name,
    operator,
    run: async (context) => {
      const random = new Random(context.seed, name);
      const a = random.tensor(shapes.a);
      const b = random.tensor(shapes.b);
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend[operator]({ a: backend.upload(a), b: backend.upload(b) }),
      }));
      // f32 rounds the exact result once; so does float64 followed by f32 (53 bits are enough): equal.
      expectClose({ what: "output", actual: actual.output, expected: expected.output, bound: 0 });
    },
  };
}

function activateCase(activation: "silu" | "gelu" | "geluTanh" | "relu"): ConformanceCase {
  const name = `activate: ${activation}, small, ordinary and large values`;
  return {
    name,
    operator: "activate",
    run: async (context) => {
      const random = new Random(context.seed, name);
      const input: Tensor = random.tensor([3, 67], { deviation: 3 });
      (input.data as Float32Array).set([0, -0, 1e-20, -1e-20, 20, -20, 88, -88, 1e4, -1e4]);
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.activate({ input: backend.upload(input), activation }),
      }));
      const relative = activation === "relu" ? 0 : FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => relative * Math.abs(input.data[index]!),
      });
    },
  };
}

function addGatedCase(): ConformanceCase {
  const name = "addGated: a gate per batch row and channel";
  return {
    name,
    operator: "addGated",
    run: async (context) => {
      const random = new Random(context.seed, name);
      const residual = random.tensor([2, 13, 35]);
      const value = random.tensor([2, 13, 35]);
      const gate = random.tensor([2, 35]);
      const program =
        (prepare: (tensor: Tensor) => Tensor) => (backend: typeof context.backend) => ({
          output: backend.addGated({
            residual: backend.upload(prepare(residual)),
            value: backend.upload(prepare(value)),
            gate: backend.upload(prepare(gate)),
          }),
        });
      const { actual, expected } = await runOnBoth(
        context,
        program((tensor) => tensor),
      );
      const magnitude = await runProgram(context.reference, program(absolute));
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => sumRoundoff(2) * magnitude.output.data[index]!,
      });
    },
  };
}

function combineCase(count: number): ConformanceCase {
  const name = `combine: ${count} ${count === 1 ? "term" : "terms"}`;
  return {
    name,
    operator: "combine",
    run: async (context) => {
      const random = new Random(context.seed, name);
      // Factors such as guidance 7.5 and 1 - 7.5, exact in f32 so that no backend need round them.
      const terms = Array.from({ length: count }, (_, index) => ({
        tensor: random.tensor([2, 3, 37]),
        factor: index % 2 === 0 ? 7.5 - index : -6.5 + index,
      }));
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.combine({
          terms: terms.map(({ tensor, factor }) => ({ tensor: backend.upload(tensor), factor })),
        }),
      }));
      const magnitude = await runProgram(context.reference, (backend) => ({
        output: backend.combine({
          terms: terms.map(({ tensor, factor }) => ({
            tensor: backend.upload(absolute(tensor)),
            factor: Math.abs(factor),
          })),
        }),
      }));
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => sumRoundoff(count) * magnitude.output.data[index]!,
      });
    },
  };
}
