/** One thing to be timed. `run` resolves when the work is done. */
export interface Contender {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface Timing {
  readonly name: string;
  readonly bestMs: number;
  readonly medianMs: number;
}

/**
 * Times contenders turn by turn, so that a change of the machine's pace hits all of them alike.
 * One round first warms up and is not counted.
 */
export async function interleave(options: {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly onRound?: (round: number) => void;
}): Promise<Timing[]> {
  const times = options.contenders.map((): number[] => []);
  for (let round = 0; round <= options.rounds; round++) {
    for (const [index, contender] of options.contenders.entries()) {
      const start = performance.now();
      await contender.run();
      if (round > 0) times[index]?.push(performance.now() - start);
    }
    options.onRound?.(round);
  }
  return options.contenders.map(({ name }, index) => {
    const sorted = (times[index] ?? []).sort((a, b) => a - b);
    return {
      name,
      bestMs: sorted[0] ?? Number.NaN,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    };
  });
}
