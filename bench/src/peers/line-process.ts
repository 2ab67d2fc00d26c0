import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";

/** A program that answers each line on its input with one line on its output. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #command: string;
  #complaints = "";

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    // Ends the output too, which is what next() sees.
    this.#child.on("error", (error) => {
      this.#complaints += error.message;
      this.#reader.close();
    });
    this.#child.stdin!.on("error", () => {});
  }

  ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    return this.next();
  }

  /** The next line that it says. Throws, with its last words, where it ends instead. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    const complaint = this.#complaints.trim().split("\n").at(-1);
    throw new Error(`${this.#command} ended early${complaint ? `: ${complaint}` : ""}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return;
    this.#child.stdin!.end();
    await once(this.#child, "close");
  }
}
