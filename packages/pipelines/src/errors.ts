const forPeople: unique symbol = Symbol.for("paroattn.error");
const pipeline: unique symbol = Symbol.for("paroattn.pipelines.PipelineError");

/** A checkpoint folder, a setting or a picture that a pipeline cannot take; says what was expected and what was found. */
export class PipelineError extends Error {
  override readonly name = "PipelineError";
  readonly [forPeople] = true;
  readonly [pipeline] = true;

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is PipelineError {
    return typeof value === "object" && value !== null && pipeline in value;
  }
}

/** The error "Expected <expected> but found <found>[, in <where>]". */
export function expected(options: {
  readonly expected: string;
  readonly found: string;
  /** A file, or a file and a key in it. */
  readonly where?: string;
  readonly cause?: unknown;
}): PipelineError {
  const place = options.where === undefined ? "" : ` in ${options.where}`;
  return new PipelineError(
    `Expected ${options.expected} but found ${options.found}${place}`,
    options.cause === undefined ? undefined : { cause: options.cause },
  );
}
