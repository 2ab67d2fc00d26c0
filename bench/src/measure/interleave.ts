/** Milliseconds by the name of what took them. */
export type Times = Readonly<Record<string, number>>;

/** One thing to be timed. */
export interface Contender {
  /** Does the work once. Resolves, when it is done, to what it took: one time, or also those of its parts. */
  readonly run: () => Promise<Times>;
  /** How long its threads may go on spinning after its work, in milliseconds: what comes next waits. Default: 10. */
  readonly settleMs?: number;
}

/** What one name took in all rounds. */
export interface Timing {
  readonly name: string;
  readonly bestMs: number;
  readonly medianMs: number;
}

/** OpenMP's threads spin for some milliseconds. The next contender's must not share cores with them. */
const SETTLE_MS = 10;

/** What takes less is called twice in a turn. */
const SHORT_MS = 100;

/**
 * Times contenders turn by turn, so that a change of the machine's pace hits all of them alike; every other round runs
 * backwards. Nothing is warmed up: that is the caller's. Short work is called twice in a turn and the second call
 * counts: right after a pause it is the waking of processors, caches and threads that is timed, and in a model
 * nothing waits between one attention and the next.
 */
export async function interleave(options: {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly onRound?: (round: number) => void;
}): Promise<Timing[]> {
  const { contenders, rounds, onRound } = options;
  const turns = contenders.map(() => new Map<string, number[]>());
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? turns.keys() : turns.map((_, i) => turns.length - 1 - i);
    for (const index of order) {
      const { run, settleMs = SETTLE_MS } = contenders[index]!;
      const first = await run();
      const short = Math.max(...Object.values(first)) < SHORT_MS;
      for (const [name, ms] of Object.entries(short ? await run() : first)) {
        const times = turns[index]!.get(name) ?? [];
        times.push(ms);
        turns[index]!.set(name, times);
      }
      await settle(settleMs);
    }
    onRound?.(round + 1);
  }
  return turns.flatMap((one) =>
    [...one].map(([name, times]) => ({
      name,
      bestMs: Math.min(...times),
      medianMs: median(times),
    })),
  );
}

export async function settle(ms: number = SETTLE_MS): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** A contender of one name that is timed from outside. */
export function timed(name: string, work: () => Promise<void> | void): Contender {
  return {
    async run() {
      const start = performance.now();
      await work();
      return { [name]: performance.now() - start };
    },
  };
}
