import { tokenCount } from "@paroattn/reorder";
import { type BlockMaskData, partitionLayout, partitionTokens } from "@paroattn/sparse-masks";
import type { Tensor } from "@paroattn/tensor";
import type { AttentionOperands, AttentionPrecision, DeviceMask } from "../../attention-types.js";
import type { Backend } from "../../backend.js";
import type { DeviceTensor, FloatDType } from "../../device-tensor.js";
import { representable, uploadAs } from "../activations.js";
import type { ConformanceSettings } from "../options.js";
import { Random } from "../random.js";
import { randomMask } from "./random-mask.js";
import type { AttentionSpec } from "./spec.js";

/** The host tensors of one attention. */
export interface AttentionInputs {
  readonly spec: AttentionSpec;
  /** In which the projections and the residual are uploaded; their numbers are such that it can keep them. */
  readonly dtype: FloatDType;
  /** Undefined: the default. */
  readonly precision: AttentionPrecision | undefined;
  readonly batch: number;
  readonly queryTokens: number;
  readonly keyTokens: number;
  readonly keyValueHeads: number;
  readonly query: Tensor<"f32">;
  readonly key: Tensor<"f32">;
  readonly value: Tensor<"f32">;
  readonly normTensors: Readonly<Record<string, Tensor<"f32">>>;
  readonly cos: Tensor<"f32"> | undefined;
  readonly sin: Tensor<"f32"> | undefined;
  readonly masks: readonly BlockMaskData[] | undefined;
  readonly bias: Tensor<"f32"> | undefined;
  readonly rowScale: Tensor<"f32"> | undefined;
  readonly residual: Tensor<"f32"> | undefined;
}

/** Epsilon of the query-key norm in all cases. */
export const NORM_EPSILON = 1e-6;

export function makeInputs(
  spec: AttentionSpec,
  options: ConformanceSettings & { readonly seed: number },
): AttentionInputs {
  const { seed, dtype, precision } = options;
  const random = new Random(seed, spec.name);
  const { heads, headDim, layout, batch = 1, keyValueHeads = heads } = spec;
  const { deviation = 1, mean = 0 } = spec;
  const queryTokens = spec.queryTokens ?? (layout === undefined ? 1 : tokenCount(layout));
  const keyTokens = spec.keyTokens ?? queryTokens;
  const partition = (tokens: number) =>
    layout === undefined ? partitionTokens(tokens) : partitionLayout(layout);
  const sizes = {
    heads,
    queryBlocks: partition(queryTokens).blocks,
    keyBlocks: partition(keyTokens).blocks,
  };
  const maskSpec = spec.mask;
  const projection = (shape: readonly number[], numbers: object) =>
    representable(random.tensor(shape, numbers), dtype);
  const angles = spec.rope && random.tensor([queryTokens, headDim / 2], { deviation: 2 });
  return {
    spec,
    dtype,
    precision: precision.precision,
    batch,
    queryTokens,
    keyTokens,
    keyValueHeads,
    query: projection([batch, queryTokens, heads * headDim], { deviation, mean }),
    key: projection([batch, keyTokens, keyValueHeads * headDim], { deviation, mean }),
    value: projection([batch, keyTokens, keyValueHeads * headDim], {}),
    normTensors: normTensors(spec, random),
    cos: angles && { ...angles, data: angles.data.map(Math.cos) },
    sin: angles && { ...angles, data: angles.data.map(Math.sin) },
    masks:
      maskSpec &&
      Array.from({ length: maskSpec.perRow ? batch : 1 }, () =>
        randomMask({ sizes, spec: maskSpec, random }),
      ),
    bias: spec.bias ? random.tensor([heads, queryTokens, keyTokens], { deviation: 2 }) : undefined,
    rowScale: spec.rowScale ? random.tensor([batch, heads, queryTokens]) : undefined,
    residual: spec.residual ? projection([batch, queryTokens, heads * headDim], {}) : undefined,
  };
}

function normTensors(spec: AttentionSpec, random: Random): Record<string, Tensor<"f32">> {
  if (!spec.normWeights) return {};
  const names = [
    "queryWeight",
    "keyWeight",
    ...(spec.norm === "layer" ? ["queryBias", "keyBias"] : []),
  ];
  return Object.fromEntries(
    names.map((name) => {
      const mean = name.endsWith("Weight") ? 1 : 0;
      return [name, random.tensor([spec.headDim], { mean, deviation: 0.2 })];
    }),
  );
}

/** `prepareAttention` of the inputs. */
export function prepare(
  backend: Backend,
  inputs: AttentionInputs,
  spec: AttentionSpec = inputs.spec,
): AttentionOperands {
  const { cos, sin, dtype, precision } = inputs;
  return backend.prepareAttention({
    query: uploadAs(backend, inputs.query, dtype),
    key: uploadAs(backend, inputs.key, dtype),
    value: uploadAs(backend, inputs.value, dtype),
    heads: spec.heads,
    headDim: spec.headDim,
    ...(spec.keyValueHeads && { keyValueHeads: spec.keyValueHeads }),
    ...(spec.layout && { layout: spec.layout }),
    ...(spec.orders && { orders: spec.orders }),
    ...(spec.norm && {
      norm: { kind: spec.norm, epsilon: NORM_EPSILON, ...uploadAll(backend, inputs.normTensors) },
    }),
    ...(spec.rope &&
      cos &&
      sin && { rope: { cos: backend.upload(cos), sin: backend.upload(sin), pairing: spec.rope } }),
    ...(spec.keyLengths && { keyLengths: spec.keyLengths }),
    ...(spec.scale !== undefined && { scale: spec.scale }),
    ...(precision && { precision }),
  });
}

/** The mask of the inputs on the device. */
export function prepareMasks(backend: Backend, inputs: AttentionInputs): DeviceMask | undefined {
  const { masks } = inputs;
  return masks && backend.prepareMask(masks.length === 1 ? masks[0]! : masks);
}

/** `attention` of the inputs, all of its options included. */
export function attend(
  backend: Backend,
  inputs: AttentionInputs,
): { readonly output: DeviceTensor; readonly logSumExp: DeviceTensor } {
  const mask = prepareMasks(backend, inputs);
  const { bias, rowScale, residual } = inputs;
  const { output, logSumExp } = backend.attention({
    operands: prepare(backend, inputs),
    ...(mask && { mask }),
    ...uploadAll(backend, { ...(bias && { bias }), ...(rowScale && { rowScale }) }),
    ...(residual && { residual: uploadAs(backend, residual, inputs.dtype) }),
    returnLogSumExp: true,
  });
  return { output, logSumExp: logSumExp! };
}

function uploadAll(
  backend: Backend,
  tensors: Readonly<Record<string, Tensor>>,
): Record<string, DeviceTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, backend.upload(tensor)]),
  );
}
