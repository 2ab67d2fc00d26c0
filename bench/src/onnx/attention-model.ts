import { encodeMessage, type Field } from "./protobuf.js";

const FLOAT = 1;
const INT_ATTRIBUTE = 2;

function valueInfo(name: string, shape: readonly number[]): readonly Field[] {
  const dimensions = shape.map(
    (size): Field => ({ number: 1, value: [{ number: 1, value: size }] }),
  );
  const tensorType: Field[] = [
    { number: 1, value: FLOAT },
    { number: 2, value: dimensions },
  ];
  return [
    { number: 1, value: name },
    { number: 2, value: [{ number: 1, value: tensorType }] },
  ];
}

/**
 * An ONNX model of one `com.microsoft.MultiHeadAttention` node over query, key and value of
 * [1, tokens, heads * headDim], self-attention without a mask. Field numbers are those of onnx.proto.
 */
export function multiHeadAttentionModel(options: {
  readonly heads: number;
  readonly tokens: number;
  readonly headDim: number;
}): Uint8Array {
  const shape = [1, options.tokens, options.heads * options.headDim];
  const inputs = ["query", "key", "value"];
  const node: Field[] = [
    ...inputs.map((name): Field => ({ number: 1, value: name })),
    { number: 2, value: "output" },
    { number: 4, value: "MultiHeadAttention" },
    {
      number: 5,
      value: [
        { number: 1, value: "num_heads" },
        { number: 3, value: options.heads },
        { number: 20, value: INT_ATTRIBUTE },
      ],
    },
    { number: 7, value: "com.microsoft" },
  ];
  const graph: Field[] = [
    { number: 1, value: node },
    { number: 2, value: "attention" },
    ...inputs.map((name): Field => ({ number: 11, value: valueInfo(name, shape) })),
    { number: 12, value: valueInfo("output", shape) },
  ];
  return encodeMessage([
    { number: 1, value: 8 }, // IR version
    { number: 7, value: graph },
    { number: 8, value: [{ number: 2, value: 17 }] },
    {
      number: 8,
      value: [
        { number: 1, value: "com.microsoft" },
        { number: 2, value: 1 },
      ],
    },
  ]);
}
