import type { FileHandle } from "node:fs/promises";

/** One write takes no more than 2^31 - 1 bytes; less lets a signal act soon. */
const PIECE_BYTES = 64 * 1024 * 1024;

/** Appends bytes (or a string as UTF-8) to a file, looking at the signal between pieces. */
export async function writePieces(options: {
  readonly file: FileHandle;
  readonly data: Uint8Array | string;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { file, data, signal } = options;
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    signal?.throwIfAborted();
    await file.writeFile(bytes.subarray(start, start + PIECE_BYTES));
  }
}
