const forPeople: unique symbol = Symbol.for("paroattn.error");

/** A model that cannot be fetched: why, and what to do. */
export class HubError extends Error {
  override readonly name = "HubError";
  readonly [forPeople] = true;
}
