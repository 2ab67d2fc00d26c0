import type { Activation } from "@paroattn/backend";

/** An operation that every library has, whatever it calls it. Its inputs are named in the comments. */
export type Operation =
  /** query, key, value: [tokens, heads * headDim]; self-attention without a mask. */
  | {
      readonly kind: "attention";
      readonly tokens: number;
      readonly heads: number;
      readonly headDim: number;
    }
  /** input: [rows, inputs]; weight: [outputs, inputs]; bias: [outputs]. */
  | {
      readonly kind: "linear";
      readonly rows: number;
      readonly inputs: number;
      readonly outputs: number;
      readonly activation?: "geluTanh";
    }
  /** input: [tokens, channels]; factor (1 + scale), shift: [channels]. Norm without weights, then modulation. */
  | { readonly kind: "adaptiveLayerNorm"; readonly tokens: number; readonly channels: number }
  /** input: [tokens, channels]; weight: [channels]. */
  | { readonly kind: "rmsNorm"; readonly tokens: number; readonly channels: number }
  /** input: [1, channels, height, width]; weight, bias: [channels]. */
  | {
      readonly kind: "groupNormSilu";
      readonly groups: number;
      readonly channels: number;
      readonly height: number;
      readonly width: number;
    }
  /** input: [rows, channels]. */
  | {
      readonly kind: "activate";
      readonly activation: Extract<Activation, "silu" | "gelu">;
      readonly rows: number;
      readonly channels: number;
    }
  /** input: [1, inputs, height, width]; weight: [outputs, inputs, 3, 3]; bias: [outputs]. Padding 1. */
  | {
      readonly kind: "conv3x3";
      readonly inputs: number;
      readonly outputs: number;
      readonly height: number;
      readonly width: number;
    };

/** Epsilon of all norms here. */
export const EPSILON = 1e-6;

/** Shapes of an operation's inputs by name, and which of them are weights. */
export function inputShapes(operation: Operation): Readonly<Record<string, readonly number[]>> {
  switch (operation.kind) {
    case "attention": {
      const shape = [1, operation.tokens, operation.heads * operation.headDim];
      return { query: shape, key: shape, value: shape };
    }
    case "linear": {
      const { rows, inputs, outputs } = operation;
      return { input: [rows, inputs], weight: [outputs, inputs], bias: [outputs] };
    }
    case "adaptiveLayerNorm": {
      const { tokens, channels } = operation;
      return { input: [1, tokens, channels], factor: [channels], shift: [channels] };
    }
    case "rmsNorm":
      return { input: [operation.tokens, operation.channels], weight: [operation.channels] };
    case "groupNormSilu": {
      const { channels, height, width } = operation;
      return { input: [1, channels, height, width], weight: [channels], bias: [channels] };
    }
    case "activate":
      return { input: [operation.rows, operation.channels] };
    case "conv3x3": {
      const { inputs, outputs, height, width } = operation;
      return {
        input: [1, inputs, height, width],
        weight: [outputs, inputs, 3, 3],
        bias: [outputs],
      };
    }
  }
}

/** Shape of an operation's result. */
export function outputShape(operation: Operation): readonly number[] {
  const shapes = inputShapes(operation);
  if (operation.kind === "linear") return [operation.rows, operation.outputs];
  if (operation.kind === "conv3x3") {
    return [1, operation.outputs, operation.height, operation.width];
  }
  return (shapes.query ?? shapes.input)!;
}

/** Floating-point operations of a run; undefined where the time goes to memory. */
export function flopsOf(operation: Operation): number | undefined {
  switch (operation.kind) {
    case "attention":
      return 4 * operation.heads * operation.tokens ** 2 * operation.headDim;
    case "linear":
      return 2 * operation.rows * operation.inputs * operation.outputs;
    case "conv3x3":
      return 18 * operation.inputs * operation.outputs * operation.height * operation.width;
    default:
      return undefined;
  }
}

/** Bytes of all inputs and of the result, as f32. */
export function bytesOf(operation: Operation): number {
  const shapes = [...Object.values(inputShapes(operation)), outputShape(operation)];
  return 4 * shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Values for an operation's inputs; weights of products are scaled so that results are of the inputs' size. */
export type Inputs = Readonly<Record<string, Float32Array>>;
