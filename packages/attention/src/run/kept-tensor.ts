import type { Backend, DeviceTensor } from "@paroattn/backend";
import { DTYPE_BYTES, elementCount } from "@paroattn/tensor";
import type { Kept } from "./site-store.js";

/** A tensor that outlives the scope of the layer that made it. */
export interface KeptTensor extends Kept {
  /** A handle on it that `backend` owns. */
  view(backend: Backend): DeviceTensor;
}

/** Keeps a tensor, without a copy: another handle on its memory, which `backend` owns. */
export function keepTensor(backend: Backend, tensor: DeviceTensor): KeptTensor {
  const { dtype, shape } = tensor;
  const handle = backend.reshape({ input: tensor, shape });
  return {
    bytes: elementCount(shape) * DTYPE_BYTES[dtype],
    view: (backend) => backend.reshape({ input: handle, shape }),
    [Symbol.dispose]: () => handle.dispose(),
  };
}
