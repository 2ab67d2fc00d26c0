import { readFile, writeFile } from "node:fs/promises";

const LENGTH_BYTES = 8;

/** An entry of a safetensors header. */
export interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** A header as it may be after a change: anything that JSON can say. */
export type Header = Record<string, Entry> & { __metadata__?: Record<string, string> };

export function headerOf(bytes: Uint8Array): Header {
  const buffer = Buffer.from(bytes);
  const length = Number(buffer.readBigUInt64LE(0));
  return JSON.parse(buffer.toString("utf8", LENGTH_BYTES, LENGTH_BYTES + length));
}

/** The tensors' bytes behind the header. */
export function dataOf(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes);
  return buffer.subarray(LENGTH_BYTES + Number(buffer.readBigUInt64LE(0)));
}

/** A file of this header and these bytes, whatever they say: no writer of a product would do it. */
export function assemble(header: unknown, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** Rewrites a file's header in place; the data stay as they are. */
export async function changeHeader(path: string, change: (header: Header) => unknown) {
  const bytes = await readFile(path);
  const header = headerOf(bytes);
  await writeFile(path, assemble(change(header) ?? header, dataOf(bytes)));
}

/** Rewrites the bytes of the tensor of this name. */
export async function changeData(path: string, name: string, change: (data: Buffer) => void) {
  const bytes = await readFile(path);
  const header = headerOf(bytes);
  const data = dataOf(bytes);
  const entry = header[name];
  if (entry === undefined) throw new Error(`Expected a tensor ${name} in ${path}`);
  change(data.subarray(...entry.data_offsets));
  await writeFile(path, assemble(header, data));
}
