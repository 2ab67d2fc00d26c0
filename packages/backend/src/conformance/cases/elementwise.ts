import type { Backend } from "../../backend.js";
import type { FloatDType } from "../../device-tensor.js";
import type { Activation } from "../../operator-options.js";
import { representable, uploadAs } from "../activations.js";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
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

export function elementwiseCases({ dtype }: ConformanceSettings): ConformanceCase[] {
  return [
    ...(["add", "multiply"] as const).flatMap((operator) =>
      BROADCASTS.map((shapes) => binaryCase(operator, { ...shapes, dtype })),
    ),
    ...(["silu", "gelu", "geluTanh", "relu"] as const).map((activation) =>
      activateCase(activation, dtype),
    ),
    addGatedCase(dtype),
    ...[1, 2, 5].map((count) => combineCase(count, dtype)),
  ];
}

function binaryCase(
  operator: "add" | "multiply",
  shapes: (typeof BROADCASTS)[number] & { readonly dtype: FloatDType },
): ConformanceCase {
  const { dtype } = shapes;
  const name = `${operator}: [${shapes.a.join(", ")}] with [${shapes.b.join(", ")}]`;
  return {
    name,
    operator,
    run: async (context) => {
      const random = new Random(context.seed, name);
      const a = representable(random.tensor(shapes.a), dtype);
      const b = representable(random.tensor(shapes.b), dtype);
      const program = (backend: Backend, as: FloatDType) => ({
        output: backend[operator]({ a: uploadAs(backend, a, as), b: uploadAs(backend, b, as) }),
      });
      const { actual, expected } = await runOnBoth(context, program, dtype);
      // f32 rounds the exact result once; so does float64 followed by f32 (53 bits are enough), or f32 followed by a half
      // (24 bits are enough): equal.
      const bound = 0;
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound,
        dtype,
      });
    },
  };
}

function activateCase(activation: Activation, dtype: FloatDType): ConformanceCase {
  const name = `activate: ${activation}, small, ordinary and large values`;
  return {
    name,
    operator: "activate",
    run: async (context) => {
      const random = new Random(context.seed, name);
      const numbers = random.tensor([3, 67], { deviation: 3 });
      numbers.data.set([0, -0, 1e-20, -1e-20, 20, -20, 88, -88, 1e4, -1e4]);
      const input = representable(numbers, dtype);
      const program = (backend: Backend, as: FloatDType) => ({
        output: backend.activate({ input: uploadAs(backend, input, as), activation }),
      });
      const { actual, expected } = await runOnBoth(context, program, dtype);
      const relative = activation === "relu" ? 0 : FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => relative * Math.abs(input.data[index]!),
        dtype,
      });
    },
  };
}

function addGatedCase(dtype: FloatDType): ConformanceCase {
  const name = "addGated: a gate per batch row and channel";
  return {
    name,
    operator: "addGated",
    run: async (context) => {
      const random = new Random(context.seed, name);
      const residual = representable(random.tensor([2, 13, 35]), dtype);
      const value = representable(random.tensor([2, 13, 35]), dtype);
      const gate = representable(random.tensor([2, 35]), dtype);
      const program = (backend: Backend, as: FloatDType) => ({
        output: backend.addGated({
          residual: uploadAs(backend, residual, as),
          value: uploadAs(backend, value, as),
          gate: uploadAs(backend, gate, as),
        }),
      });
      const { actual, expected } = await runOnBoth(context, program, dtype);
      const magnitude = await runProgram(context.reference, (backend) => ({
        output: backend.addGated({
          residual: backend.upload(absolute(residual)),
          value: backend.upload(absolute(value)),
          gate: backend.upload(absolute(gate)),
        }),
      }));
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: (index) => sumRoundoff(2) * magnitude.output.data[index]!,
        dtype,
      });
    },
  };
}

function combineCase(count: number, dtype: FloatDType): ConformanceCase {
  const name = `combine: ${count} ${count === 1 ? "term" : "terms"}`;
  return {
    name,
    operator: "combine",
    run: async (context) => {
      const random = new Random(context.seed, name);
      // Factors such as guidance 7.5 and 1 - 7.5, exact in f32 so that no backend need round them.
      const terms = Array.from({ length: count }, (_, index) => ({
        tensor: representable(random.tensor([2, 3, 37]), dtype),
        factor: index % 2 === 0 ? 7.5 - index : -6.5 + index,
      }));
      const program = (backend: Backend, as: FloatDType) => ({
        output: backend.combine({
          terms: terms.map(({ tensor, factor }) => ({
            tensor: uploadAs(backend, tensor, as),
            factor,
          })),
        }),
      });
      const { actual, expected } = await runOnBoth(context, program, dtype);
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
        dtype,
      });
    },
  };
}
