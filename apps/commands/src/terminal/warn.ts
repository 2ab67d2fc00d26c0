import { printable } from "./printable.js";
import type { Progress } from "./progress.js";

/** Warnings on standard error, on a line of their own, the bar out of the way. */
export function warnThrough(
  progress: Progress,
  { name }: { readonly name: string },
): (message: string) => void {
  return (message) => {
    progress.end();
    process.stderr.write(`${name}: ${printable(message)}\n`);
  };
}
