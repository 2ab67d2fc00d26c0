import type { Backend } from "../backend.js";

/** What a case runs with. */
export interface ConformanceContext {
  /** The backend under test. */
  readonly backend: Backend;
  /** The oracle, from `createReferenceBackend()`. */
  readonly reference: Backend;
  /** Seed of the random inputs. */
  readonly seed: number;
}

/** One thing that every backend must do as the reference does. */
export interface ConformanceCase {
  /** Says what is special about the case, such as "ragged tail, 65 tokens". Unique. */
  readonly name: string;
  /** The operator (or method) under test, such as "linear" or "scope". */
  readonly operator: string;
  /** Resolves if the backend conforms; throws a `ConformanceError` that says by how much it does not. */
  run(context: ConformanceContext): Promise<void>;
}
