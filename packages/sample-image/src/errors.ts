/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople: unique symbol = Symbol.for("paroattn.error");
const brand: unique symbol = Symbol.for("paroattn.sample-image.SampleImageError");

/** A caption outside the grammar, a picture that is none, or a file of the package that is missing. */
export class SampleImageError extends Error {
  override readonly name = "SampleImageError";
  readonly [forPeople] = true;
  readonly [brand] = true;

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is SampleImageError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
