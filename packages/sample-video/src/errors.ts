/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople: unique symbol = Symbol.for("paroattn.error");
const brand: unique symbol = Symbol.for("paroattn.sample-video.SampleVideoError");

/** A caption outside the grammar, a clip that is none, or a file of the package that is missing. */
export class SampleVideoError extends Error {
  override readonly name = "SampleVideoError";
  readonly [forPeople] = true;
  readonly [brand] = true;

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is SampleVideoError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
