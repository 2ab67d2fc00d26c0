/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople = Symbol.for("paroattn.error");
const inspectionBrand = Symbol.for("paroattn.error.InspectionError");

/** A layer or a step that the watched model does not have. */
export class InspectionError extends Error {
  override readonly name = "InspectionError";
  readonly [forPeople] = true;
  readonly [inspectionBrand] = true;

  /** The message reads "Expected <expected> but found <found>". */
  constructor(options: { readonly expected: string; readonly found: string }) {
    super(`Expected ${options.expected} but found ${options.found}`);
  }

  /** True for an `InspectionError` from any copy of this package. */
  static isInstance(value: unknown): value is InspectionError {
    return typeof value === "object" && value !== null && inspectionBrand in value;
  }
}
