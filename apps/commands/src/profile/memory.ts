/** What the process holds in memory at one time. */
export interface MemorySample {
  /** Milliseconds on the clock of `performance.now()`. */
  readonly time: number;
  /** Resident bytes. */
  readonly resident: number;
  /** The most that were ever resident up to then; the system counts these, so that no peak is missed. */
  readonly highest: number;
}

export function sampleMemory(): MemorySample {
  return {
    time: performance.now(),
    resident: process.memoryUsage.rss(),
    highest: 1024 * process.resourceUsage().maxRSS,
  };
}

/**
 * The most that was resident from `start` to `end`: exact where the process went higher than ever before, else the highest
 * sample. Samples are in the order of their times.
 */
export function peakMemory(
  samples: readonly MemorySample[],
  { start, end }: { readonly start: number; readonly end: number },
): number {
  const before = samples.filter(({ time }) => time <= start).at(-1)?.highest ?? 0;
  const within = samples.filter(({ time }) => time >= start && time <= end);
  const after = within.at(-1)?.highest ?? 0;
  return after > before ? after : Math.max(0, ...within.map(({ resident }) => resident));
}

/** What was resident at a time: the last sample up to there. */
export function liveMemory(samples: readonly MemorySample[], time: number): number {
  return samples.filter((sample) => sample.time <= time).at(-1)?.resident ?? 0;
}
