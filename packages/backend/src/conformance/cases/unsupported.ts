import type { Tensor } from "@paroattn/tensor";
import type { AttentionOperands, AttentionPrecision } from "../../attention-types.js";
import type { Backend } from "../../backend.js";
import type { DeviceTensor, FloatDType } from "../../device-tensor.js";
import { UnsupportedError } from "../../errors.js";
import { uploadAs } from "../activations.js";
import { quantizedVariants, variantName } from "../attention/quantized-variants.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import { describeError, thrownBy } from "../expect-error.js";
import type { ConformanceSettings, OperatorName } from "../options.js";

/** What a call is made of. */
interface Parts {
  readonly backend: Backend;
  /** f32 zeros of a shape. */
  readonly zeros: (...shape: number[]) => DeviceTensor;
  /** Zeros of a shape, in the stated dtype. */
  readonly activations: (...shape: number[]) => DeviceTensor;
  /** One head over three tokens. */
  readonly operands: () => AttentionOperands;
  readonly settings: ConformanceSettings;
}

/** A right call of each operator. */
const CALLS: Readonly<Record<OperatorName, (parts: Parts) => unknown>> = {
  linear: ({ backend, zeros }) => backend.linear({ input: zeros(2, 3), weight: zeros(4, 3) }),
  feedForward: ({ backend, zeros }) =>
    backend.feedForward({
      input: zeros(1, 2, 3),
      inner: { weight: zeros(4, 3) },
      activation: "silu",
      outer: { weight: zeros(5, 4) },
    }),
  conv2d: ({ backend, zeros }) =>
    backend.conv2d({ input: zeros(1, 2, 3, 3), weight: zeros(4, 2, 1, 1) }),
  conv3d: ({ backend, zeros }) =>
    backend.conv3d({ input: zeros(1, 2, 2, 3, 3), weight: zeros(4, 2, 1, 1, 1) }),
  layerNorm: ({ backend, activations }) =>
    backend.layerNorm({ input: activations(2, 3), epsilon: 1 }),
  rmsNorm: ({ backend, activations }) => backend.rmsNorm({ input: activations(2, 3), epsilon: 1 }),
  groupNorm: ({ backend, activations }) =>
    backend.groupNorm({ input: activations(1, 4, 2), groups: 2, epsilon: 1 }),
  activate: ({ backend, activations }) =>
    backend.activate({ input: activations(2), activation: "silu" }),
  add: ({ backend, activations }) => backend.add({ a: activations(2), b: activations(2) }),
  multiply: ({ backend, activations }) =>
    backend.multiply({ a: activations(2), b: activations(2) }),
  addGated: ({ backend, activations }) =>
    backend.addGated({
      residual: activations(1, 2, 3),
      value: activations(1, 2, 3),
      gate: activations(1, 3),
    }),
  combine: ({ backend, activations }) =>
    backend.combine({ terms: [{ tensor: activations(2), factor: 1 }] }),
  embedding: ({ backend, zeros }) => {
    const ids: Tensor = { dtype: "i32", shape: [1], data: new Int32Array(1) };
    return backend.embedding({ table: zeros(2, 2), ids: backend.upload(ids) });
  },
  permute: ({ backend, activations }) =>
    backend.permute({ input: activations(2, 3), axes: [1, 0] }),
  reshape: ({ backend, activations }) => backend.reshape({ input: activations(2, 3), shape: [6] }),
  concat: ({ backend, activations }) =>
    backend.concat({ inputs: [activations(2), activations(3)], axis: 0 }),
  slice: ({ backend, activations }) =>
    backend.slice({ input: activations(3), axis: 0, start: 1, end: 2 }),
  upsampleNearest2d: ({ backend, activations }) =>
    backend.upsampleNearest2d({ input: activations(1, 1, 2, 2), factor: 2 }),
  prepareAttention: ({ operands }) => operands(),
  attention: ({ backend, operands }) => backend.attention({ operands: operands() }),
  prepareMask: ({ backend }) =>
    backend.prepareMask({ heads: 1, queryBlocks: 1, keyBlocks: 1, bits: Uint8Array.of(1) }),
  blockStatistics: ({ backend, zeros, operands }) =>
    backend.blockStatistics({ operands: operands(), logSumExp: zeros(1, 1, 3), epsilon: 1e-3 }),
};

/** What a backend states that it has not, it refuses at the call, by an `UnsupportedError`. */
export function unsupportedCases(settings: ConformanceSettings): ConformanceCase[] {
  const { operators, headDims, bias } = settings;
  const cases: ConformanceCase[] = [];
  for (const [operator, call] of Object.entries(CALLS) as [OperatorName, typeof CALLS.add][]) {
    if (operators.includes(operator)) continue;
    // Without operands there is nothing to call it with.
    const onOperands = operator === "attention" || operator === "blockStatistics";
    if (onOperands && !operators.includes("prepareAttention")) continue;
    cases.push(unsupported(`${operator} is refused at the call`, { operator, call, settings }));
  }
  if (!operators.includes("prepareAttention")) return cases;
  if (headDims !== undefined) {
    const other = Math.max(...headDims) + 8;
    cases.push(
      unsupported(`head dim ${other} is refused at the call`, {
        operator: "prepareAttention",
        call: ({ operands }) => operands(),
        settings: { ...settings, anyHeadDim: other },
      }),
    );
  }
  for (const variant of unstatedVariants(settings)) {
    cases.push(
      unsupported(`${variantName(variant)} is refused at the call`, {
        operator: "prepareAttention",
        call: ({ operands }) => operands(),
        settings: { ...settings, precision: { precision: variant } },
      }),
    );
  }
  if (!bias && operators.includes("attention")) {
    cases.push(
      unsupported("a bias is refused at the call", {
        operator: "attention",
        call: ({ backend, zeros, operands }) =>
          backend.attention({ operands: operands(), bias: zeros(1, 3, 3) }),
        settings,
      }),
    );
  }
  return cases;
}

/** The suite's quantized precisions that the backend is stated not to execute. */
export function unstatedVariants({ quantized }: ConformanceSettings): AttentionPrecision[] {
  if (quantized === undefined) return [];
  const stated = new Set(quantized.map(variantName));
  return quantizedVariants.filter((variant) => !stated.has(variantName(variant)));
}

function unsupported(
  name: string,
  options: {
    readonly operator: OperatorName;
    readonly call: (parts: Parts) => unknown;
    readonly settings: ConformanceSettings;
  },
): ConformanceCase {
  const { operator, call, settings } = options;
  const { anyHeadDim: headDim, precision } = settings;
  return {
    name: `unsupported: ${name}`,
    operator,
    uses: [],
    run: async ({ backend }) => {
      const scope = backend.scope();
      try {
        const zerosOf = (dtype: FloatDType, shape: readonly number[]) => {
          const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
          return uploadAs(scope, { dtype: "f32", shape, data }, dtype);
        };
        const zeros = (...shape: number[]) => zerosOf("f32", shape);
        const activations = (...shape: number[]) => zerosOf(settings.dtype, shape);
        const operands = () => {
          const query = activations(1, 3, headDim);
          const sides = { query, key: query, value: query };
          return scope.prepareAttention({ ...sides, heads: 1, headDim, ...precision });
        };
        const parts = { backend: scope, zeros, activations, operands, settings };
        const error = thrownBy(name, () => call(parts));
        expectThat(
          UnsupportedError.isInstance(error),
          `expected an UnsupportedError of ${operator} but found ${describeError(error)}`,
        );
      } finally {
        scope.dispose();
      }
    },
  };
}
