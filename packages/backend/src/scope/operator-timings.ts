import type { OperatorTiming } from "../backend.js";

/** The name under which a call is timed: "linear", or "attention/self" with a label. */
export function timingKey(operator: string, label?: string): string {
  return label === undefined ? operator : `${operator}/${label}`;
}

/** Adds up what the commands of a timed scope cost. */
export class OperatorTimings {
  readonly #entries = new Map<string, { calls: number; milliseconds: number }>();

  record(key: string, milliseconds: number): void {
    const entry = this.#entries.get(key) ?? { calls: 0, milliseconds: 0 };
    entry.calls += 1;
    entry.milliseconds += milliseconds;
    this.#entries.set(key, entry);
  }

  /** A copy of what was recorded so far. */
  snapshot(): Readonly<Record<string, OperatorTiming>> {
    return Object.fromEntries([...this.#entries].map(([key, entry]) => [key, { ...entry }]));
  }
}
