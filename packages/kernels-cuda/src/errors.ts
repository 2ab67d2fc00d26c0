const forPeople = Symbol.for("paroattn.error");
const brand = Symbol.for("paroattn.kernels-cuda.CudaBackendError");

/** The device cannot be had (no driver, no such GPU, no addon), or was broken by an error. The message says which, and what to do. */
export class CudaBackendError extends Error {
  override readonly name = "CudaBackendError";
  /** The mark of an error that is meant for people. */
  readonly [forPeople] = true;
  readonly [brand] = true;

  /** True for a `CudaBackendError` from any copy of this package. */
  static isInstance(value: unknown): value is CudaBackendError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
