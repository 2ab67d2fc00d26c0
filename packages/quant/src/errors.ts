const forPeople = Symbol.for("paroattn.error");
const brand = Symbol.for("paroattn.error.QuantError");

/** An argument of `@paroattn/quant` that it cannot serve. The message says what was expected and what was found. */
export class QuantError extends Error {
  override readonly name = "QuantError";
  /** The mark of an error that is meant for people. */
  readonly [forPeople] = true;
  readonly [brand] = true;

  /** True for a `QuantError` from any copy of this package. */
  static isInstance(value: unknown): value is QuantError {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** Throws "Expected WHAT but found FOUND". */
export function refuse(expected: string, found: unknown): never {
  throw new QuantError(`Expected ${expected} but found ${describe(found)}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? `[${value.join(", ")}]` : value.constructor?.name || "an object";
  }
  return String(value);
}
