import type { Backend, DeviceTensor } from "@paroattn/backend";
import { tensor } from "@paroattn/tensor";

/** Uploads f32 numbers. */
export function uploadFloats(
  backend: Backend,
  data: Float32Array,
  ...shape: readonly number[]
): DeviceTensor {
  return backend.upload(tensor({ dtype: "f32", shape, data }));
}

/** Uploads i32 numbers, such as ids. */
export function uploadIntegers(
  backend: Backend,
  data: ArrayLike<number>,
  ...shape: readonly number[]
): DeviceTensor {
  return backend.upload(tensor({ dtype: "i32", shape, data: Int32Array.from(data) }));
}

/**
 * A table of weights in f32, whatever it is stored in: a look-up of all its rows.
 * `table` is [rows, channels].
 */
export function allRows(backend: Backend, table: DeviceTensor): DeviceTensor {
  return someRows(backend, table, [...Array(table.shape[0]!).keys()]);
}

/** The same of some rows, [rows.length, channels]. */
export function someRows(
  backend: Backend,
  table: DeviceTensor,
  rows: readonly number[],
): DeviceTensor {
  return backend.embedding({ table, ids: uploadIntegers(backend, rows, rows.length) });
}
