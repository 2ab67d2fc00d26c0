/** The brand that this project's errors carry: their message is written for people. */
const forPeople: unique symbol = Symbol.for("paroattn.error");

/** A file that cannot be written. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  readonly [forPeople] = true;

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
