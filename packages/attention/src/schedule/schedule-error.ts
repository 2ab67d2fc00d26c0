/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople = Symbol.for("paroattn.error");
const scheduleBrand = Symbol.for("paroattn.error.ScheduleError");

/** Steps that a run does not have, or that do not go together. */
export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
  readonly [forPeople] = true;
  readonly [scheduleBrand] = true;

  /** The message reads "Expected <expected> but found <found>". */
  constructor(options: { readonly expected: string; readonly found: string }) {
    super(`Expected ${options.expected} but found ${options.found}`);
  }

  /** True for a `ScheduleError` from any copy of this package. */
  static isInstance(value: unknown): value is ScheduleError {
    return typeof value === "object" && value !== null && scheduleBrand in value;
  }
}
