import { PipelineError } from "../errors.js";

/** One field of a protobuf message: a number (varint or 32-bit pattern) or bytes. 64-bit fixed fields are skipped. */
export interface ProtobufField {
  readonly number: number;
  readonly value: bigint | Uint8Array | { readonly bits32: number };
}

/**
 * Reads the fields of one protobuf message in order, strictly: nothing may reach past the end.
 *
 * @throws PipelineError for a truncated or malformed message.
 */
export function* readFields(bytes: Uint8Array): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  const take = (length: number): number => {
    if (length > bytes.length - position) {
      throw malformed(`${length} more bytes at ${position}`, `${bytes.length - position}`);
    }
    const start = position;
    position += length;
    return start;
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[take(1)]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw malformed("a varint of at most 10 bytes", "a longer one");
  };
  while (position < bytes.length) {
    const key = varint();
    const number = Number(key >> 3n);
    if (number < 1) throw malformed("a field number of at least 1", String(number));
    switch (Number(key & 7n)) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        take(8);
        break;
      case 2: {
        const length = varint();
        if (length < 0n || length > BigInt(bytes.length)) {
          throw malformed("a length inside the message", String(length));
        }
        const start = take(Number(length));
        yield { number, value: bytes.subarray(start, position) };
        break;
      }
      case 5:
        yield { number, value: { bits32: view.getUint32(take(4), true) } };
        break;
      default:
        throw malformed("wire type 0, 1, 2 or 5", String(key & 7n));
    }
  }
}

function malformed(expectation: string, found: string): PipelineError {
  return new PipelineError(`Expected ${expectation} in a protobuf message but found ${found}`);
}
