/** The little of protobuf's wire format that an ONNX model needs, as nested messages of numbered fields. */
export type Field =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly value: string }
  | { readonly number: number; readonly value: readonly Field[] };

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Encodes a message. */
export function encodeMessage(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const { number, value } of fields) {
    if (typeof value === "number") {
      bytes.push(...varint(number * 8), ...varint(value));
      continue;
    }
    const content =
      typeof value === "string" ? new TextEncoder().encode(value) : encodeMessage(value);
    bytes.push(...varint(number * 8 + 2), ...varint(content.length), ...content);
  }
  return Uint8Array.from(bytes);
}
