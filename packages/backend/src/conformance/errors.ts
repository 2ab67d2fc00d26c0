import { BackendError } from "../errors.js";

const brand = Symbol.for("paroattn.backend.ConformanceError");

/** A backend that does not do as the reference does. */
export class ConformanceError extends BackendError {
  constructor(message: string) {
    super({ name: "ConformanceError", message, brand });
  }

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is ConformanceError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
