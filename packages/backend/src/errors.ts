/** Every error of this project that is meant for people carries this brand. */
const paroattnError = Symbol.for("paroattn.error");
const brands = {
  invalidArgument: Symbol.for("paroattn.backend.InvalidArgumentError"),
  operator: Symbol.for("paroattn.backend.OperatorError"),
  unsupported: Symbol.for("paroattn.backend.UnsupportedError"),
  tensorDisposed: Symbol.for("paroattn.backend.TensorDisposedError"),
} as const;

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}

/** What the errors of this package have in common. */
export abstract class BackendError extends Error {
  readonly [paroattnError] = true;

  protected constructor(options: {
    name: string;
    message: string;
    brand: symbol;
    cause?: unknown;
  }) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = options.name;
    Object.defineProperty(this, options.brand, { value: true });
  }
}

/** An argument that an operator cannot take. Thrown at the call, before anything is queued. */
export class InvalidArgumentError extends BackendError {
  /** The operator (or method) that was called, such as "linear". */
  readonly operator: string;
  /** The argument at fault, such as "input". */
  readonly argument: string;

  /** The message reads "operator: expected argument <expected> but found <found>". */
  constructor(options: { operator: string; argument: string; expected: string; found: string }) {
    const { operator, argument, expected, found } = options;
    super({
      name: "InvalidArgumentError",
      message: `${operator}: expected ${argument} ${expected} but found ${found}`,
      brand: brands.invalidArgument,
    });
    this.operator = operator;
    this.argument = argument;
  }

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is InvalidArgumentError {
    return hasBrand(value, brands.invalidArgument);
  }
}

/** What went wrong while an operator ran. Surfaces at the `read()` or `flush()` that depends on it. */
export class OperatorError extends BackendError {
  /** The operator that failed first, such as "embedding"; what was computed from its result fails with the same error. */
  readonly operator: string;

  constructor(options: { operator: string; cause: unknown }) {
    const { operator, cause } = options;
    super({
      name: "OperatorError",
      message: `${operator}: ${cause instanceof Error ? cause.message : String(cause)}`,
      brand: brands.operator,
      cause,
    });
    this.operator = operator;
  }

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is OperatorError {
    return hasBrand(value, brands.operator);
  }
}

/** Something that the contract knows and this backend cannot do. Thrown at the call. */
export class UnsupportedError extends BackendError {
  /** The backend that refuses, such as "cpu". */
  readonly backend: string;

  /** The message reads "backend: <feature> is not available yet", unless one is given. */
  constructor(
    options: { backend: string; feature: string } | { backend: string; message: string },
  ) {
    super({
      name: "UnsupportedError",
      message:
        "message" in options
          ? options.message
          : `${options.backend}: ${options.feature} is not available yet`,
      brand: brands.unsupported,
    });
    this.backend = options.backend;
  }

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is UnsupportedError {
    return hasBrand(value, brands.unsupported);
  }
}

/** The use of a tensor (or operands, or a mask) that was disposed of. Thrown at the call. */
export class TensorDisposedError extends BackendError {
  /** The operator (or method) that was called, such as "linear". */
  readonly operator: string;
  /** The argument that was disposed of, such as "input". */
  readonly argument: string;

  constructor(options: { operator: string; argument: string }) {
    const { operator, argument } = options;
    super({
      name: "TensorDisposedError",
      message: `${operator}: expected ${argument} to be alive but found it disposed`,
      brand: brands.tensorDisposed,
    });
    this.operator = operator;
    this.argument = argument;
  }

  /** Whether `value` is such an error, of this or another copy of the package. */
  static isInstance(value: unknown): value is TensorDisposedError {
    return hasBrand(value, brands.tensorDisposed);
  }
}
