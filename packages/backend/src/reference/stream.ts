import { abortError } from "../abort.js";

/** How long a command may hold the thread before others have a turn, in milliseconds. */
const TURN = 10;

/** What a long command calls between its parts. */
export interface Pause {
  /** Whether the thread has been held for long enough. */
  due(): boolean;
  /** Gives the event loop a turn, then throws if a signal was aborted. */
  take(): Promise<void>;
}

/** Commands that run one after the other, in the order of the calls. */
export class CommandStream {
  #tail: Promise<void> = Promise.resolve();
  #turnStart = performance.now();

  /** Runs a command after all earlier ones. Resolves or rejects with what the command did. */
  enqueue<T>(command: () => T | Promise<T>): Promise<T> {
    const done = this.#tail.then(async () => {
      if (this.#due()) await this.#turn();
      return command();
    });
    this.#tail = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  pause(signals: readonly AbortSignal[]): Pause {
    return {
      due: () => this.#due(),
      take: async () => {
        await this.#turn();
        const aborted = signals.find((signal) => signal.aborted);
        if (aborted !== undefined) throw abortError(aborted);
      },
    };
  }

  #due(): boolean {
    return performance.now() - this.#turnStart > TURN;
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#turnStart = performance.now();
  }
}
