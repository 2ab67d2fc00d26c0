const forPeople = Symbol.for("paroattn.error");
const brand = Symbol.for("paroattn.kernels-cpu.CpuBackendError");

/** The native addon cannot be loaded, or cannot run as it was asked to. The message says what was tried and what to do. */
export class CpuBackendError extends Error {
  override readonly name = "CpuBackendError";
  /** The mark of an error that is meant for people. */
  readonly [forPeople] = true;
  readonly [brand] = true;

  /** True for a `CpuBackendError` from any copy of this package. */
  static isInstance(value: unknown): value is CpuBackendError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
