import { encodeMessage, type Field, Float } from "./protobuf.js";

// Field numbers and enumerations are those of onnx.proto.
const FLOAT = 1;
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;
const IR_VERSION = 9;
const OPSET = 21;
/** Of onnxruntime's own operators. */
export const MICROSOFT = "com.microsoft";

export interface Node {
  readonly operator: string;
  /** Default: ONNX's own. */
  readonly domain?: typeof MICROSOFT;
  /** Names of tensors. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** Numbers are `int`s unless they are a `Float`. */
  readonly attributes?: Readonly<Record<string, number | Float | readonly number[]>>;
}

export interface Model {
  readonly nodes: readonly Node[];
  /** What a run is given, by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** What the model holds, so that a runtime may pack it beforehand. */
  readonly weights: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
  >;
  /** Shape of the tensor named "output". */
  readonly output: readonly number[];
}

/** A model of f32 tensors as ONNX. */
export function encodeModel({ nodes, inputs, weights, output }: Model): Uint8Array {
  const graph: Field[] = [
    ...nodes.map((node): Field => ({ number: 1, value: nodeFields(node) })),
    { number: 2, value: "graph" },
    ...Object.entries(weights).map(
      ([name, { shape, data }]): Field => ({ number: 5, value: tensorFields(name, shape, data) }),
    ),
    ...Object.entries(inputs).map(
      ([name, shape]): Field => ({ number: 11, value: valueInfo(name, shape) }),
    ),
    { number: 12, value: valueInfo("output", output) },
  ];
  return encodeMessage([
    { number: 1, value: IR_VERSION },
    { number: 7, value: graph },
    { number: 8, value: [{ number: 2, value: OPSET }] },
    {
      number: 8,
      value: [
        { number: 1, value: MICROSOFT },
        { number: 2, value: 1 },
      ],
    },
  ]);
}

function nodeFields({ operator, domain, inputs, output, attributes = {} }: Node): Field[] {
  return [
    ...inputs.map((name): Field => ({ number: 1, value: name })),
    { number: 2, value: output },
    { number: 4, value: operator },
    ...Object.entries(attributes).map(
      ([name, value]): Field => ({ number: 5, value: attributeFields(name, value) }),
    ),
    ...(domain === undefined ? [] : [{ number: 7, value: domain }]),
  ];
}

function attributeFields(name: string, value: number | Float | readonly number[]): Field[] {
  const head: Field = { number: 1, value: name };
  const type = (value: number): Field => ({ number: 20, value });
  if (value instanceof Float) return [head, { number: 2, value }, type(ATTRIBUTE_TYPES.float)];
  if (typeof value === "number") return [head, { number: 3, value }, type(ATTRIBUTE_TYPES.int)];
  const all = value.map((one): Field => ({ number: 8, value: one }));
  return [head, ...all, type(ATTRIBUTE_TYPES.ints)];
}

function tensorFields(name: string, shape: readonly number[], data: Float32Array): Field[] {
  return [
    ...shape.map((size): Field => ({ number: 1, value: size })),
    { number: 2, value: FLOAT },
    { number: 8, value: name },
    { number: 9, value: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
  ];
}

function valueInfo(name: string, shape: readonly number[]): Field[] {
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
