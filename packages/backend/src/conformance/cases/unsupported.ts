import type { Tensor } from "@paroattn/tensor";
import type { AttentionOperands, AttentionPrecision } from "../../attention-types.js";
import type { Backend } from "../../backend.js";
import type { DeviceTensor } from "../../device-tensor.js";
import { UnsupportedError } from "../../errors.js";
import { quantizedVariants, variantName } from "../attention/quantized-variants.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import { describeError, thrownBy } from "../expect-error.js";
import type { ConformanceSettings, OperatorName } from "../options.js";

/** What a call is made of. */
interface Parts {
  readonly backend: Backend;
  /** Zeros of a shape. */
  readonly zeros: (...shape: number[]) => DeviceTensor;
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
  layerNorm: ({ backend, zeros }) => backend.layerNorm({ input: zeros(2, 3), epsilon: 1 }),
  rmsNorm: ({ backend, zeros }) => backend.rmsNorm({ input: zeros(2, 3), epsilon: 1 }),
  groupNorm: ({ backend, zeros }) =>
    backend.groupNorm({ input: zeros(1, 4, 2), groups: 2, epsilon: 1 }),
  activate: ({ backend, zeros }) => backend.activate({ input: zeros(2), activation: "silu" }),
  add: ({ backend, zeros }) => backend.add({ a: zeros(2), b: zeros(2) }),
  multiply: ({ backend, zeros }) => backend.multiply({ a: zeros(2), b: zeros(2) }),
  addGated: ({ backend, zeros }) =>
    backend.addGated({ residual: zeros(1, 2, 3), value: zeros(1, 2, 3), gate: zeros(1, 3) }),
  combine: ({ backend, zeros }) => backend.combine({ terms: [{ tensor: zeros(2), factor: 1 }] }),
  embedding: ({ backend, zeros }) => {
    const ids: Tensor = { dtype: "i32", shape: [1], data: new Int32Array(1) };
    return backend.embedding({ table: zeros(2, 2), ids: backend.upload(ids) });
  },
  permute: ({ backend, zeros }) => backend.permute({ input: zeros(2, 3), axes: [1, 0] }),
  reshape: ({ backend, zeros }) => backend.reshape({ input: zeros(2, 3), shape: [6] }),
  concat: ({ backend, zeros }) => backend.concat({ inputs: [zeros(2), zeros(3)], axis: 0 }),
  slice: ({ backend, zeros }) => backend.slice({ input: zeros(3), axis: 0, start: 1, end: 2 }),
  upsampleNearest2d: ({ backend, zeros }) =>
    backend.upsampleNearest2d({ input: zeros(1, 1, 2, 2), factor: 2 }),
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
        const zeros = (...shape: number[]) => {
          const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
          return scope.upload({ dtype: "f32", shape, data });
        };
        const operands = () => {
          const query = zeros(1, 3, headDim);
          const sides = { query, key: query, value: query };
          return scope.prepareAttention({ ...sides, heads: 1, headDim, ...precision });
        };
        const parts = { backend: scope, zeros, operands, settings };
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
