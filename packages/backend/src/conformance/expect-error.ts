import { ConformanceError } from "./errors.js";

/** What a call throws or a promise rejects with; a `ConformanceError` if nothing is. */
export async function errorOf(what: string, action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new ConformanceError(`expected ${what} to fail but it succeeded`);
}

/** What a call throws at once; a `ConformanceError` if it returns. */
export function thrownBy(what: string, action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new ConformanceError(`expected ${what} to throw at the call but it returned`);
}

export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
