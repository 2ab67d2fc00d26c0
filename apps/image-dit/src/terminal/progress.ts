/** Where progress goes: standard error, so that standard output stays clean for results. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Tells how much of the current stage is done, from 0 to 1. */
  update(stage: string, done: number): void;
  /** Clears the bar. */
  end(): void;
}

/** Nothing is shown before this, so that quick work leaves no trace. */
const SILENT_MS = 1000;
/** Between two lines where there is no terminal to redraw. */
const LINE_INTERVAL_MS = 10_000;

/** "8 s", "2 min 05 s". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** One line: title, bar, percent, time left. Never wider than the terminal. */
export function progressLine(options: {
  readonly stage: string;
  readonly done: number;
  readonly elapsedMs: number;
  readonly columns: number;
}): string {
  const { stage, done, elapsedMs, columns } = options;
  const left = done > 0 ? `${formatDuration((elapsedMs * (1 - done)) / done)} left` : "";
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  const width = Math.max(
    0,
    Math.min(30, columns - stage.length - percent.length - left.length - 6),
  );
  const filled = Math.round(width * done);
  return `${stage} [${"#".repeat(filled)}${"-".repeat(width - filled)}] ${percent} ${left}`.slice(
    0,
    columns - 1,
  );
}

/** A bar that redraws itself on a terminal; elsewhere a line now and then. */
export function createProgress(
  stream: ProgressStream = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  let stage = "";
  let start = now();
  let lastLine = start;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write("\r\x1b[K");
    drawn = false;
  };
  return {
    update(nextStage, done) {
      if (nextStage !== stage) {
        stage = nextStage;
        start = now();
        lastLine = start;
      }
      const elapsedMs = now() - start;
      if (elapsedMs < SILENT_MS) return;
      const line = progressLine({ stage, done, elapsedMs, columns: stream.columns ?? 80 });
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${line}`);
        drawn = true;
      } else if (now() - lastLine >= LINE_INTERVAL_MS) {
        stream.write(`${line}\n`);
        lastLine = now();
      }
    },
    end: clear,
  };
}
