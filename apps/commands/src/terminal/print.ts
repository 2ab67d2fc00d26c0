/** Prints a result: one JSON object for machines, a few lines for people. */
export function print<T>(
  result: T,
  json: boolean | undefined,
  format: (result: T) => string,
): void {
  process.stdout.write(`${json ? JSON.stringify(result) : format(result)}\n`);
}
