import { type Tensor, toFloat32 } from "@paroattn/tensor";

/** Rows of the table. Throws for an id outside of it. */
export function embedding(options: { table: Tensor; ids: Tensor }): Float32Array {
  const table = toFloat32(options.table);
  const [rows, channels] = options.table.shape as [number, number];
  const ids = options.ids.data;
  const result = new Float32Array(ids.length * channels);
  for (const [i, id] of ids.entries()) {
    if (id < 0 || id >= rows) {
      throw new RangeError(`expected ids in 0..${rows - 1} but found ${id} at index ${i}`);
    }
    result.set(table.subarray(id * channels, (id + 1) * channels), i * channels);
  }
  return result;
}
