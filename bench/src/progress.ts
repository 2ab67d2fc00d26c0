/** One line on stderr that says how far a command is; nothing where nobody watches. */
export class Progress {
  readonly #start = performance.now();
  readonly #shown = process.stderr.isTTY;

  /** `done`: share of all work, 0 to 1. */
  show(text: string, done: number): void {
    const elapsed = (performance.now() - this.#start) / 1000;
    // The first moments say little of the rest.
    const left = done > 0.02 ? `, ${duration((elapsed * (1 - done)) / done)} left` : "";
    this.#write(`  ${Math.floor(done * 100)} %${left}: ${text}`.slice(0, 79));
  }

  clear(): void {
    this.#write("");
  }

  #write(text: string): void {
    if (this.#shown) process.stderr.write(`\r\x1b[K${text}`);
  }
}

/** "1 min 5 s". */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
