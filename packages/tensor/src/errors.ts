/** Marks errors whose message is meant for people; apps print it without a stack. */
const forPeople: unique symbol = Symbol.for("paroattn.error");
const invalidTensor: unique symbol = Symbol.for("paroattn.tensor.InvalidTensorError");
const safetensors: unique symbol = Symbol.for("paroattn.tensor.SafetensorsError");

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}

/** A dtype, a shape and data that do not belong together. */
export class InvalidTensorError extends Error {
  override readonly name = "InvalidTensorError";
  readonly [forPeople] = true;
  readonly [invalidTensor] = true;

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is InvalidTensorError {
    return hasBrand(value, invalidTensor);
  }
}

export interface SafetensorsErrorOptions {
  /** What the file, the tensor or the call should have had. */
  readonly expected: string;
  /** What it had. */
  readonly found: string;
  /** The tensor that is meant, if one is. */
  readonly tensor?: string;
  /** The file or the folder; unknown while only bytes are parsed. */
  readonly path?: string;
  readonly cause?: unknown;
}

/** A safetensors file, a checkpoint folder or a write that failed, with the path, what was expected and what was found. */
export class SafetensorsError extends Error {
  override readonly name = "SafetensorsError";
  readonly [forPeople] = true;
  readonly [safetensors] = true;
  readonly expected: string;
  readonly found: string;
  readonly tensor: string | undefined;
  readonly path: string | undefined;

  constructor({ expected, found, tensor, path, cause }: SafetensorsErrorOptions) {
    const subject = tensor === undefined ? "" : ` for tensor ${quote(tensor)}`;
    const place = path === undefined ? "" : ` in ${path}`;
    super(`Expected ${expected} but found ${found}${subject}${place}`, { cause });
    this.expected = expected;
    this.found = found;
    this.tensor = tensor;
    this.path = path;
  }

  /** The same error, about the file at `path`. */
  at(path: string): SafetensorsError {
    const { expected, found, tensor, cause } = this;
    return new SafetensorsError({
      expected,
      found,
      path,
      cause,
      ...(tensor === undefined ? {} : { tensor }),
    });
  }

  /** Works across copies of this package. */
  static isInstance(value: unknown): value is SafetensorsError {
    return hasBrand(value, safetensors);
  }
}

const LONGEST_QUOTE = 80;

/** A string in quotes, cut where a hostile file would flood the terminal. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);
}

/** A JSON value in a few words. Never recurses, so that deep nesting cannot overflow the stack. */
export function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) {
    const short = value.length <= 8 && value.every((item) => typeof item === "number");
    return short ? `[${value.join(", ")}]` : `an array of ${value.length}`;
  }
  if (value === undefined) return "nothing";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
