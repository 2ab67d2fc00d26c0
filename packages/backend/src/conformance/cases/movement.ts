import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { DeviceTensor, FloatDType } from "../../device-tensor.js";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { Random } from "../random.js";
import { runOnBoth } from "../run-on-both.js";

interface MovementSpec {
  readonly name: string;
  readonly operator: string;
  readonly shapes: readonly (readonly number[])[];
  readonly apply: (backend: Backend, inputs: readonly DeviceTensor[]) => DeviceTensor;
}

function permutation(shape: readonly number[], axes: readonly number[]): MovementSpec {
  return {
    name: `[${shape.join(", ")}] by [${axes.join(", ")}]`,
    operator: "permute",
    shapes: [shape],
    apply: (backend, [input]) => backend.permute({ input: input!, axes }),
  };
}

function reshaping(shape: readonly number[], to: readonly number[]): MovementSpec {
  return {
    name: `[${shape.join(", ")}] to [${to.join(", ")}]`,
    operator: "reshape",
    shapes: [shape],
    apply: (backend, [input]) => backend.reshape({ input: input!, shape: to }),
  };
}

function concatenation(axis: number, ...shapes: readonly (readonly number[])[]): MovementSpec {
  return {
    name: `${shapes.length} along axis ${axis} of ${shapes[0]!.length}`,
    operator: "concat",
    shapes,
    apply: (backend, inputs) => backend.concat({ inputs, axis }),
  };
}

function slicing(
  shape: readonly number[],
  range: { readonly axis: number; readonly start: number; readonly end: number },
): MovementSpec {
  return {
    name: `[${shape.join(", ")}] to ${range.start}..${range.end} of axis ${range.axis}`,
    operator: "slice",
    shapes: [shape],
    apply: (backend, [input]) => backend.slice({ input: input!, ...range }),
  };
}

function enlargement(shape: readonly number[], factor: number): MovementSpec {
  return {
    name: `[${shape.join(", ")}] by ${factor}`,
    operator: "upsampleNearest2d",
    shapes: [shape],
    apply: (backend, [input]) => backend.upsampleNearest2d({ input: input!, factor }),
  };
}

const SPECS: readonly MovementSpec[] = [
  permutation([17, 33], [1, 0]),
  permutation([5, 7, 9], [0, 2, 1]),
  permutation([5, 7, 9], [2, 0, 1]),
  permutation([2, 6, 5, 16], [0, 2, 1, 3]),
  permutation([2, 3, 4, 5], [0, 3, 1, 2]),
  permutation([2, 3, 4, 5], [3, 2, 1, 0]),
  permutation([2, 6, 9, 2, 4], [0, 4, 1, 3, 2]),
  permutation([2, 3, 2, 5, 3], [4, 0, 3, 1, 2]),
  permutation([3, 1, 1, 4], [0, 1, 2, 3]),
  reshaping([2, 6, 5], [3, -1]),
  reshaping([7], [1, 7, 1]),
  reshaping([1], []),
  concatenation(0, [2, 5], [1, 5], [4, 5]),
  concatenation(1, [2, 3, 7], [2, 1, 7]),
  concatenation(2, [2, 3, 1], [2, 3, 30], [2, 3, 2]),
  concatenation(1, [1, 2, 3, 4]),
  slicing([9, 5], { axis: 0, start: 3, end: 8 }),
  slicing([2, 11, 6], { axis: 1, start: 10, end: 11 }),
  slicing([2, 4, 3, 19], { axis: 3, start: 0, end: 19 }),
  slicing([2, 4, 3, 19], { axis: 3, start: 1, end: 18 }),
  enlargement([2, 3, 5, 7], 2),
  enlargement([1, 2, 3, 1], 3),
  enlargement([1, 1, 4, 5], 1),
];

/** Nothing is computed, so every bit must be equal. */
export function movementCases({ dtype }: ConformanceSettings): ConformanceCase[] {
  return [...SPECS.map((spec) => movementCase(spec, dtype)), reshapeOfHalfs(), ...embeddingCases()];
}

function movementCase(spec: MovementSpec, dtype: FloatDType): ConformanceCase {
  return {
    name: `${spec.operator}: ${spec.name}`,
    operator: spec.operator,
    run: async (context) => {
      const random = new Random(context.seed, spec.name);
      const tensors = spec.shapes.map((shape) => random.weight(shape, { dtype }));
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: spec.apply(
          backend,
          tensors.map((tensor) => backend.upload(tensor)),
        ),
      }));
      expectClose({ what: "output", actual: actual.output, expected: expected.output, bound: 0 });
    },
  };
}

function reshapeOfHalfs(): ConformanceCase {
  return {
    name: "reshape: an f16 weight keeps its dtype",
    operator: "reshape",
    run: async (context) => {
      const weight = new Random(context.seed, "halfs").weight([6, 5], { dtype: "f16" });
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.reshape({ input: backend.upload(weight), shape: [3, 10] }),
      }));
      expectClose({ what: "output", actual: actual.output, expected: expected.output, bound: 0 });
    },
  };
}

function embeddingCases(): ConformanceCase[] {
  return (["f32", "f16", "bf16"] as const).map((dtype) => ({
    name: `embedding: ${dtype} table, [2, 9] ids, first and last row`,
    operator: "embedding",
    run: async (context) => {
      const random = new Random(context.seed, dtype);
      const table = random.weight([23, 37], { dtype });
      const data = Int32Array.from({ length: 18 }, () => random.integer(23));
      data.set([0, 22]);
      const ids: Tensor = { dtype: "i32", shape: [2, 9], data };
      const { actual, expected } = await runOnBoth(context, (backend) => ({
        output: backend.embedding({ table: backend.upload(table), ids: backend.upload(ids) }),
      }));
      expectClose({ what: "output", actual: actual.output, expected: expected.output, bound: 0 });
    },
  }));
}
