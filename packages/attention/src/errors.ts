/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople = Symbol.for("paroattn.error");
const planBrand = Symbol.for("paroattn.error.PlanError");
const calibrationBrand = Symbol.for("paroattn.error.CalibrationError");

export interface PlanErrorOptions {
  /** What the plan, its file or the model should have been. */
  readonly expected: string;
  /** What it was. */
  readonly found: string;
  /** The plan's file, where it is known. */
  readonly path?: string;
  readonly cause?: unknown;
}

/** A plan that cannot be read, written or applied: what was expected, what was found, and in which file. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  readonly [forPeople] = true;
  readonly [planBrand] = true;
  readonly expected: string;
  readonly found: string;
  readonly path: string | undefined;

  constructor({ expected, found, path, cause }: PlanErrorOptions) {
    super(`Expected ${expected} but found ${found}${path === undefined ? "" : ` in ${path}`}`, {
      cause,
    });
    this.expected = expected;
    this.found = found;
    this.path = path;
  }

  /** The same error, about the file at `path`. */
  at(path: string): PlanError {
    return new PlanError({ expected: this.expected, found: this.found, path, cause: this.cause });
  }

  /** True for a `PlanError` from any copy of this package. */
  static isInstance(value: unknown): value is PlanError {
    return typeof value === "object" && value !== null && planBrand in value;
  }
}

/** A calibration that cannot be done as asked, or whose generations do not belong together. */
export class CalibrationError extends Error {
  override readonly name = "CalibrationError";
  readonly [forPeople] = true;
  readonly [calibrationBrand] = true;

  /** The message reads "Expected <expected> but found <found>". */
  constructor(options: {
    readonly expected: string;
    readonly found: string;
    readonly cause?: unknown;
  }) {
    super(`Expected ${options.expected} but found ${options.found}`, { cause: options.cause });
  }

  /** True for a `CalibrationError` from any copy of this package. */
  static isInstance(value: unknown): value is CalibrationError {
    return typeof value === "object" && value !== null && calibrationBrand in value;
  }
}
