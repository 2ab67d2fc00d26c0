/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople = Symbol.for("paroattn.error");
const strategyBrand = Symbol.for("paroattn.error.StrategyError");

/** A strategy that cannot serve the model, or options that leave it nothing to compute. */
export class StrategyError extends Error {
  override readonly name = "StrategyError";
  readonly [forPeople] = true;
  readonly [strategyBrand] = true;

  /** The message reads "Expected <expected> but found <found>". */
  constructor(options: { readonly expected: string; readonly found: string }) {
    super(`Expected ${options.expected} but found ${options.found}`);
  }

  /** True for a `StrategyError` from any copy of this package. */
  static isInstance(value: unknown): value is StrategyError {
    return typeof value === "object" && value !== null && strategyBrand in value;
  }
}
