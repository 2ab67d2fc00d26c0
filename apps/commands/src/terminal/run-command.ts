import { printable } from "./printable.js";

/** The brand that this project's errors carry: their message is written for people. */
const forPeople: unique symbol = Symbol.for("paroattn.error");

/** A command line that asks for something that cannot be: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly [forPeople] = true;
}

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function isForPeople(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  // System errors (ENOSPC, EACCES, ...) name the path and the reason themselves.
  return forPeople in error || "syscall" in error;
}

/** What a person reads of an error: its message, or for an unexpected one the whole stack. */
export function describeError(error: unknown): string {
  if (isForPeople(error)) return printable(error.message);
  return `unexpected error, please report it\n${error instanceof Error ? error.stack : String(error)}`;
}

/** A reader that went away (`| head`) is no failure; a full disk behind `>` is, and takes one line. */
function endWithOutput(name: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`${name}: cannot write the result: ${error.message}\n`);
    process.exit(EXIT_FAILURE);
  };
}

/**
 * Runs a command with an `AbortSignal` that Ctrl-C (SIGTERM, SIGHUP) fires. Errors go to standard error as one
 * message; the exit code is 1 for a failure, 2 for a wrong command line, 130 when interrupted.
 */
export async function runCommand(
  command: (signal: AbortSignal) => Promise<void>,
  { name }: { readonly name: string },
): Promise<void> {
  const controller = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C does not wait for anything.
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
  };
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  process.stdout.once("error", endWithOutput(name));
  try {
    await command(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) {
      // The terminal has echoed ^C; off a terminal there is nothing to get away from.
      process.stderr.write(`${process.stderr.isTTY ? "\n" : ""}${name}: interrupted\n`);
      process.exitCode = EXIT_INTERRUPTED;
    } else {
      process.stderr.write(`${name}: ${describeError(error)}\n`);
      process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
    }
  } finally {
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  }
}
