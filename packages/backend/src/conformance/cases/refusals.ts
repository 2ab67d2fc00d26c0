import { imageLayout } from "@paroattn/reorder";
import type { Tensor } from "@paroattn/tensor";
import type { AttentionOperands } from "../../attention-types.js";
import type { Backend } from "../../backend.js";
import type { DeviceTensor } from "../../device-tensor.js";
import { InvalidArgumentError } from "../../errors.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import { describeError, thrownBy } from "../expect-error.js";
import type { ConformanceSettings, OperatorName } from "../options.js";

function zeros(shape: readonly number[]): Tensor<"f32"> {
  return { dtype: "f32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
}

interface Refusal {
  readonly operator: string;
  readonly uses?: readonly OperatorName[];
  readonly call: (
    backend: Backend,
    make: (...shape: number[]) => DeviceTensor,
    attend: (tokens: number, more?: object) => AttentionOperands,
  ) => unknown;
}

const fullMask = { heads: 1, queryBlocks: 2, keyBlocks: 2, bits: Uint8Array.of(0b1111) };

/** One wrong call an operator; the rest of the checks is tested where they are written. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "linear with another number of inputs": {
    operator: "linear",
    call: (backend, make) => backend.linear({ input: make(2, 3), weight: make(4, 5) }),
  },
  "conv2d with other channels": {
    operator: "conv2d",
    call: (backend, make) => backend.conv2d({ input: make(1, 2, 3, 3), weight: make(1, 3, 1, 1) }),
  },
  "conv3d with other channels": {
    operator: "conv3d",
    call: (backend, make) =>
      backend.conv3d({ input: make(1, 2, 3, 3, 3), weight: make(1, 3, 1, 1, 1) }),
  },
  "layerNorm with scale alone": {
    operator: "layerNorm",
    call: (backend, make) =>
      backend.layerNorm({
        input: make(1, 2, 3),
        scale: make(1, 3),
        shift: make(3),
        epsilon: 1e-6,
      }),
  },
  "rmsNorm with a short weight": {
    operator: "rmsNorm",
    call: (backend, make) => backend.rmsNorm({ input: make(2, 3), weight: make(2), epsilon: 0 }),
  },
  "groupNorm with groups that do not divide": {
    operator: "groupNorm",
    call: (backend, make) => backend.groupNorm({ input: make(1, 4, 2), groups: 3, epsilon: 0 }),
  },
  "linear with a gate of other outputs": {
    operator: "linear",
    call: (backend, make) =>
      backend.linear({ input: make(1, 2, 3), weight: make(4, 3), gate: make(1, 3) }),
  },
  "linear with a residual of the input's shape": {
    operator: "linear",
    call: (backend, make) =>
      backend.linear({ input: make(2, 3), weight: make(4, 3), residual: make(2, 3) }),
  },
  "feedForward with groups that do not divide the hidden channels": {
    operator: "feedForward",
    call: (backend, make) =>
      backend.feedForward({
        input: make(1, 2, 3),
        inner: { weight: make(4, 3) },
        activation: { softmaxGroups: 3 },
        outer: { weight: make(2, 4) },
      }),
  },
  "activate with no activation": {
    operator: "activate",
    call: (backend, make) => backend.activate({ input: make(2), activation: "swish" as "silu" }),
  },
  "add of what does not broadcast": {
    operator: "add",
    call: (backend, make) => backend.add({ a: make(2, 3), b: make(2) }),
  },
  "multiply of what does not broadcast": {
    operator: "multiply",
    call: (backend, make) => backend.multiply({ a: make(4), b: make(3) }),
  },
  "addGated with a gate of other channels": {
    operator: "addGated",
    call: (backend, make) =>
      backend.addGated({ residual: make(1, 2, 3), value: make(1, 2, 3), gate: make(1, 2) }),
  },
  "combine of nothing": { operator: "combine", call: (backend) => backend.combine({ terms: [] }) },
  "embedding with ids that are not i32": {
    operator: "embedding",
    call: (backend, make) => backend.embedding({ table: make(2, 2), ids: make(2) }),
  },
  "permute with an axis twice": {
    operator: "permute",
    call: (backend, make) => backend.permute({ input: make(2, 2), axes: [0, 0] }),
  },
  "reshape to more elements": {
    operator: "reshape",
    call: (backend, make) => backend.reshape({ input: make(2, 2), shape: [5] }),
  },
  "concat of unequal shapes": {
    operator: "concat",
    call: (backend, make) => backend.concat({ inputs: [make(2, 2), make(2, 3)], axis: 0 }),
  },
  "slice beyond the end": {
    operator: "slice",
    call: (backend, make) => backend.slice({ input: make(3), axis: 0, start: 1, end: 4 }),
  },
  "upsampleNearest2d by a half": {
    operator: "upsampleNearest2d",
    call: (backend, make) => backend.upsampleNearest2d({ input: make(1, 1, 2, 2), factor: 0.5 }),
  },
  "prepareAttention with a key length of 0": {
    operator: "prepareAttention",
    call: (_, __, attend) => attend(3, { keyLengths: [0] }),
  },
  "prepareAttention with a video order of an image": {
    operator: "prepareAttention",
    call: (_, __, attend) =>
      attend(6, { layout: imageLayout({ height: 2, width: 3 }), orders: ["FHW"] }),
  },
  "attention with a mask of other blocks": {
    operator: "attention",
    uses: ["prepareAttention", "prepareMask", "attention"],
    call: (backend, _, attend) =>
      backend.attention({
        operands: attend(3),
        mask: backend.prepareMask(fullMask),
      }),
  },
  "attention with a mask whose live keys are all padding": {
    operator: "attention",
    uses: ["prepareAttention", "prepareMask", "attention"],
    call: (backend, _, attend) =>
      backend.attention({
        operands: attend(70, { keyLengths: [64] }),
        mask: backend.prepareMask({ ...fullMask, bits: Uint8Array.of(0b1011) }),
      }),
  },
  "prepareMask with a query block without a live key block": {
    operator: "prepareMask",
    call: (backend) => backend.prepareMask({ ...fullMask, bits: Uint8Array.of(0b0011) }),
  },
  "blockStatistics with another log-sum-exp": {
    operator: "blockStatistics",
    uses: ["prepareAttention", "blockStatistics"],
    call: (backend, make, attend) =>
      backend.blockStatistics({
        operands: attend(3),
        logSumExp: make(1, 1, 2),
        epsilon: 1e-3,
      }),
  },
};

/** Wrong arguments are refused at the call, by name. */
export function refusalCases(settings: ConformanceSettings): ConformanceCase[] {
  const { anyHeadDim: headDim, precision } = settings;
  return [
    ...Object.entries(REFUSALS).map(([name, { operator, uses, call }]) => ({
      name: `refusals: ${name}`,
      operator,
      ...(uses && { uses }),
      run: async ({ backend }: { backend: Backend }) => {
        const scope = backend.scope();
        try {
          const make = (...shape: number[]) => scope.upload(zeros(shape));
          const attend = (tokens: number, more: object = {}) => {
            const query = make(1, tokens, headDim);
            const sides = { query, key: query, value: query };
            return scope.prepareAttention({ ...sides, heads: 1, headDim, ...precision, ...more });
          };
          const error = thrownBy(name, () => call(scope, make, attend));
          expectInvalid(operator, error);
        } finally {
          scope.dispose();
        }
      },
    })),
    {
      name: "refusals: a tensor of another backend",
      operator: "add",
      run: async ({ backend, reference }) => {
        const own = backend.upload(zeros([2]));
        const foreign = reference.upload(zeros([2]));
        const error = thrownBy("a foreign tensor", () => backend.add({ a: own, b: foreign }));
        expectInvalid("add", error);
        own.dispose();
        foreign.dispose();
      },
    },
  ];
}

function expectInvalid(operator: string, error: unknown): void {
  expectThat(
    InvalidArgumentError.isInstance(error) && error.operator === operator,
    `expected an InvalidArgumentError of ${operator} but found ${describeError(error)}`,
  );
}
