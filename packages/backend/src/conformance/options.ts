import type { AttentionPrecision } from "../attention-types.js";
import type { Operators } from "../backend.js";
import type { FloatDType } from "../device-tensor.js";
import { resolvePrecision } from "../operators/precision.js";
import { quantizedVariants } from "./attention/quantized-variants.js";

/** An operator of the contract. */
export type OperatorName = keyof Operators;

/** What the backend under test states of itself. Without options it is held to the whole contract, in f32. */
export interface ConformanceOptions {
  /** dtype of activations: elementwise operators, norms, movement, the projections of attention. Default: f32. */
  readonly dtype?: FloatDType;
  /** With which all attention cases prepare their operands. Default: none is given, which means f32. */
  readonly precision?: AttentionPrecision;
  /**
   * The quantized precisions it executes; the suite's others must be refused with an `UnsupportedError`. Default: all of the
   * suite's where no `precision` is stated; else nothing is asked.
   */
  readonly quantized?: readonly AttentionPrecision[];
  /** The operators it has, in the dtype. Each of the others must throw an `UnsupportedError` at the call. Default: all. */
  readonly operators?: readonly OperatorName[];
  /** The head dims it has. Another must be refused with an `UnsupportedError`. Default: any. */
  readonly headDims?: readonly number[];
  /** Whether attention takes a bias; if not, it must be refused with an `UnsupportedError`. Default: true. */
  readonly bias?: boolean;
  /**
   * Tokens of an attention of two heads over which the device sits well beyond the 20 milliseconds after which a signal
   * must stop it. Default: 65,536, enough for any CPU.
   */
  readonly longAttentionTokens?: number;
}

/** The options with their defaults. */
export interface ConformanceSettings {
  readonly dtype: FloatDType;
  /** To be spread into the options of `prepareAttention`. */
  readonly precision: { readonly precision?: AttentionPrecision };
  /** Resolved; undefined where nothing is asked. */
  readonly quantized: readonly AttentionPrecision[] | undefined;
  readonly operators: readonly OperatorName[];
  readonly headDims: readonly number[] | undefined;
  /** For cases to which the head dim does not matter. */
  readonly anyHeadDim: number;
  readonly bias: boolean;
  readonly longAttentionTokens: number;
}

/** Every operator of the contract; the type sees to it that none is forgotten. */
const OPERATORS: Readonly<Record<OperatorName, true>> = {
  linear: true,
  feedForward: true,
  conv2d: true,
  conv3d: true,
  layerNorm: true,
  rmsNorm: true,
  groupNorm: true,
  activate: true,
  add: true,
  multiply: true,
  addGated: true,
  combine: true,
  embedding: true,
  permute: true,
  reshape: true,
  concat: true,
  slice: true,
  upsampleNearest2d: true,
  prepareAttention: true,
  attention: true,
  prepareMask: true,
  blockStatistics: true,
};

export const operatorNames = Object.keys(OPERATORS) as readonly OperatorName[];

export function isOperatorName(name: string): name is OperatorName {
  return name in OPERATORS;
}

export function settingsOf(options: ConformanceOptions): ConformanceSettings {
  const { dtype = "f32", precision, operators = operatorNames, headDims, bias = true } = options;
  const { quantized = precision === undefined ? quantizedVariants : undefined } = options;
  return {
    dtype,
    quantized: quantized?.map((one) => resolvePrecision(one)),
    precision: precision === undefined ? {} : { precision },
    operators,
    headDims,
    anyHeadDim: headDims === undefined || headDims.includes(64) ? 64 : (headDims[0] ?? 64),
    bias,
    longAttentionTokens: options.longAttentionTokens ?? 65_536,
  };
}
