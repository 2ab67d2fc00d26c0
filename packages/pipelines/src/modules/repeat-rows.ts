import type { Backend, DeviceTensor } from "@paroattn/backend";

/** All rows so often, one copy after the other; once is the tensor itself. */
export function repeatRows(backend: Backend, input: DeviceTensor, times: number): DeviceTensor {
  if (times === 1) return input;
  return backend.concat({ inputs: Array<DeviceTensor>(times).fill(input), axis: 0 });
}
