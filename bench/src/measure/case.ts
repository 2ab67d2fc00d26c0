import { compare, type MeasuredRow, type RowInfo } from "./compare.js";
import { type Contender, interleave, settle } from "./interleave.js";

/** A contender of a case. */
export interface CaseContender extends Contender {
  /** What is known of its rows, by name; looked at when all rounds are done. */
  readonly rows: Readonly<Record<string, RowInfo>>;
  /** Does the work once and resolves to its result, for contenders that must agree. */
  readonly output?: () => Promise<Float32Array>;
  /** What runs once before, uncounted, where that is neither `output` nor `run`. */
  readonly warmUp?: () => Promise<void>;
}

/** Contenders that work on the same data, ready to run. */
export interface OpenCase {
  readonly contenders: readonly CaseContender[];
  /** What a reader should know, such as what could not run. */
  readonly notes?: readonly string[];
  readonly close: () => Promise<void> | void;
}

export interface BenchCase {
  /** Such as "dense 8 x 1,024 x 64". */
  readonly name: string;
  readonly rounds: number;
  /** What a round takes about, in seconds; only the proportions matter, for the time left. */
  readonly seconds: number;
  readonly open: () => Promise<OpenCase>;
}

export interface MeasuredCase {
  readonly name: string;
  readonly rounds: number;
  readonly notes: readonly string[];
  readonly rows: readonly MeasuredRow[];
}

/** Results agree within this, relative to the largest entry (but at least 1). */
const TOLERANCE = 1e-4;

/**
 * Measures one case. Each contender runs once before, uncounted. Throws if results differ there: a fast wrong answer has no time.
 */
export async function measureCase(
  one: BenchCase,
  options: { readonly rounds: number; readonly onRound: (round: number) => void },
): Promise<MeasuredCase> {
  const { contenders, notes = [], close } = await one.open();
  try {
    await warmUp(one.name, contenders);
    const timings = await interleave({ contenders, ...options });
    const info = Object.assign({}, ...contenders.map(({ rows }) => rows));
    return { name: one.name, rounds: options.rounds, notes, rows: compare(timings, info) };
  } finally {
    await close();
  }
}

async function warmUp(name: string, contenders: readonly CaseContender[]): Promise<void> {
  let expected: { readonly data: Float32Array; readonly by: string } | undefined;
  for (const { run, warmUp = run, output, rows, settleMs } of contenders) {
    if (output === undefined) {
      await warmUp();
      await settle(settleMs);
      continue;
    }
    const by = Object.keys(rows)[0]!;
    const data = await output();
    await settle(settleMs);
    expected ??= { data, by };
    const difference = relativeDifference(data, expected.data);
    if (!(difference <= TOLERANCE)) {
      throw new Error(
        `${name}: expected the results of ${by} and ${expected.by} within ${TOLERANCE} but found a difference of ${difference}`,
      );
    }
  }
}

function relativeDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 1;
  for (let i = 0; i < found.length; i++) {
    const distance = Math.abs(found[i]! - expected[i]!);
    if (!(distance <= difference)) difference = distance;
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}
