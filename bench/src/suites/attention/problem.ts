import type {
  AttentionPrecision,
  Backend,
  BackendScope,
  DeviceMask,
  DeviceTensor,
} from "@paroattn/backend";
import type { AxisOrder, TokenLayout } from "@paroattn/reorder";
import { randomFloats } from "../../measure/random.js";
import {
  bytesOf,
  flopsOf,
  type Inputs,
  inputShapes,
  type Operation,
} from "../../peers/operation.js";

export interface AttentionSize {
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
}

/** Self-attention over random values, on the host and on a backend. */
export interface AttentionProblem extends AttentionSize {
  readonly operation: Extract<Operation, { kind: "attention" }>;
  /** Of dense attention. */
  readonly flops: number;
  /** Of queries, keys, values and output. */
  readonly bytes: number;
  readonly inputs: Inputs;
}

/** "8 x 4,096 x 64": heads, tokens, channels of a head. */
export function sizeName({ heads, tokens, headDim }: AttentionSize): string {
  return `${heads} x ${tokens.toLocaleString("en-US")} x ${headDim}`;
}

export function attentionProblem(size: AttentionSize): AttentionProblem {
  const { heads, tokens, headDim } = size;
  const operation = { kind: "attention", heads, tokens, headDim } as const;
  const names = Object.keys(inputShapes(operation));
  const length = tokens * heads * headDim;
  const inputs = Object.fromEntries(
    names.map((name, index) => [name, randomFloats(length, index + 1)]),
  );
  return { ...size, operation, flops: flopsOf(operation)!, bytes: bytesOf(operation), inputs };
}

export interface AttentionInputs {
  readonly query: DeviceTensor;
  readonly key: DeviceTensor;
  readonly value: DeviceTensor;
}

export function uploadAttention(
  backend: Backend,
  problem: AttentionProblem,
  dtype: "f32" | "bf16" = "f32",
): AttentionInputs {
  const shapes = inputShapes(problem.operation);
  const upload = (name: string) => {
    const data = problem.inputs[name]!;
    const shape = shapes[name]!;
    return dtype === "f32"
      ? backend.upload({ dtype, shape, data })
      : backend.upload({ dtype, shape, data: upperHalves(data) });
  };
  return { query: upload("query"), key: upload("key"), value: upload("value") };
}

/** bf16 by cutting off; how it is rounded does not matter here. */
function upperHalves(data: Float32Array): Uint16Array {
  return new Uint16Array(data.buffer).filter((_, index) => index % 2 === 1);
}

/** Front and attention in one go. */
export function attend(
  scope: BackendScope,
  options: AttentionSize & {
    readonly tensors: AttentionInputs;
    readonly mask?: DeviceMask;
    /** Reorders the heads. */
    readonly plan?: { readonly layout: TokenLayout; readonly orders: readonly AxisOrder[] };
    readonly precision?: AttentionPrecision;
  },
): DeviceTensor {
  const { tensors, heads, headDim, mask, plan, precision } = options;
  const operands = scope.prepareAttention({
    ...tensors,
    heads,
    headDim,
    ...(plan && { layout: plan.layout, orders: plan.orders }),
    ...(precision && { precision }),
  });
  return scope.attention({ operands, ...(mask && { mask }) }).output;
}
