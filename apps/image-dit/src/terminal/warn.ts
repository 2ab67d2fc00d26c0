import { printable } from "./printable.js";
import type { Progress } from "./progress.js";

/** Warnings on standard error, on a line of their own, the bar out of the way. */
export function warnThrough(progress: Progress): (message: string) => void {
  return (message) => {
    progress.end();
    process.stderr.write(`image-dit: ${printable(message)}\n`);
  };
}
