import type { Backend } from "../backend.js";
import { type ConformanceSettings, isOperatorName, type OperatorName } from "./options.js";

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
  /** The operators that it calls on the backend under test, where these are not just `operator`. */
  readonly uses?: readonly OperatorName[];
  /** The head dim of its attention. */
  readonly headDim?: number;
  /** Whether its attention has a bias. */
  readonly bias?: boolean;
  /** Resolves if the backend conforms; throws a `ConformanceError` that says by how much it does not. */
  run(context: ConformanceContext): Promise<void>;
}

/** The operators that a case calls. */
export function operatorsOf({ operator, uses }: ConformanceCase): readonly OperatorName[] {
  return uses ?? (isOperatorName(operator) ? [operator] : []);
}

/** Why the stated backend cannot be held to a case; undefined where it can. */
export function reasonToSkip(
  one: ConformanceCase,
  { operators, headDims, bias }: ConformanceSettings,
): string | undefined {
  const missing = operatorsOf(one).filter((name) => !operators.includes(name));
  if (missing.length > 0) return `the backend has no ${missing.join(", ")}`;
  if (one.headDim !== undefined && headDims !== undefined && !headDims.includes(one.headDim)) {
    return `the backend has head dims ${headDims.join(", ")} only, not ${one.headDim}`;
  }
  return one.bias && !bias ? "the backend's attention takes no bias" : undefined;
}
