/** Where progress goes: standard error, so that standard output stays clean for results. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Tells how much of the current stage is done, from 0 to 1, and what else people may want to know, such as the step. */
  update(stage: string, done: number, detail?: string): void;
  /** Clears the bar and stops. */
  end(): void;
}

/** Nothing is shown before this, so that quick work leaves no trace. */
const SILENT_MS = 1000;
/** Between two redraws on a terminal: a stage that takes long to its first step shows that it lives. */
const REDRAW_MS = 250;
/** Between two lines where there is no terminal to redraw. */
const LINE_INTERVAL_MS = 10_000;

/** "8 s", "2 min 05 s". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** "2.1 GB". */
function formatMemory(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/**
 * One line: title, bar, percent, time left (time spent while nothing is done yet), resident memory. Never wider than the
 * terminal.
 */
export function progressLine(options: {
  readonly stage: string;
  readonly detail?: string | undefined;
  readonly done: number;
  readonly elapsedMs: number;
  /** Resident bytes. */
  readonly memory: number;
  readonly columns: number;
}): string {
  const { stage, detail, done, elapsedMs, memory, columns } = options;
  const title = detail === undefined ? stage : `${stage} ${detail}`;
  const time =
    done > 0
      ? `${formatDuration((elapsedMs * (1 - done)) / done)} left`
      : `${formatDuration(elapsedMs)} so far`;
  const rest = `${time}, ${formatMemory(memory)}`;
  const percent = `${Math.floor(done * 100)}%`.padStart(4);
  const width = Math.max(
    0,
    Math.min(30, columns - title.length - percent.length - rest.length - 6),
  );
  const filled = Math.round(width * done);
  return `${title} [${"#".repeat(filled)}${"-".repeat(width - filled)}] ${percent} ${rest}`.slice(
    0,
    columns - 1,
  );
}

/** A bar that redraws itself on a terminal; elsewhere a line now and then. */
export function createProgress(
  stream: ProgressStream = process.stderr,
  now: () => number = () => performance.now(),
  memory: () => number = () => process.memoryUsage.rss(),
): Progress {
  let current: { stage: string; detail?: string; done: number; start: number } | undefined;
  /** When the estimate was last fed: elapsed time counts up to there, so that the time left does not jump about. */
  let updated = 0;
  let lastLine = 0;
  let drawn = false;
  let timer: NodeJS.Timeout | undefined;

  const draw = () => {
    if (current === undefined || now() - current.start < SILENT_MS) return;
    const { stage, detail, done, start } = current;
    const elapsedMs = (done > 0 ? updated : now()) - start;
    // A terminal that was never told its size (docker, CI) says 0.
    const columns = stream.columns || 80;
    const line = () => progressLine({ stage, detail, done, elapsedMs, memory: memory(), columns });
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${line()}`);
      drawn = true;
    } else if (now() - lastLine >= LINE_INTERVAL_MS) {
      stream.write(`${line()}\n`);
      lastLine = now();
    }
  };

  return {
    update(stage, done, detail) {
      if (current?.stage !== stage) {
        current = { stage, done, start: now() };
        lastLine = now();
      }
      current.done = done;
      if (detail === undefined) delete current.detail;
      else current.detail = detail;
      updated = now();
      draw();
      timer ??= setInterval(draw, REDRAW_MS).unref();
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      current = undefined;
      if (drawn) stream.write("\r\x1b[K");
      drawn = false;
    },
  };
}
