/** The little of protobuf's wire format that an ONNX model needs, as nested messages of numbered fields. */
export type Field = {
  readonly number: number;
  /** A whole number, a text, bytes, a `Float` or a message. */
  readonly value: number | string | Uint8Array | Float | readonly Field[];
};

/** A number in 32-bit floating point. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** Encodes a message. */
export function encodeMessage(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.flatMap(encodeField));
}

function encodeField({ number, value }: Field): Uint8Array[] {
  if (typeof value === "number") return [varint(number * 8 + VARINT), varint(value)];
  if (value instanceof Float) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value.value);
    return [varint(number * 8 + FIXED32), bytes];
  }
  const content = contentOf(value);
  return [varint(number * 8 + LENGTH), varint(content.length), content];
}

function contentOf(value: string | Uint8Array | readonly Field[]): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  return value instanceof Uint8Array ? value : encodeMessage(value);
}
