export interface Example {
  /** What its block is marked as; `js` runs as it stands. */
  readonly language: "js" | "ts";
  readonly code: string;
  /** The lines that its comments say it prints. */
  readonly promised: readonly string[];
}

/** Every `js` and `ts` block of a README. */
export function readExamples(path: string | URL): Promise<Example[]>;

/** An example as JavaScript, imports and all. */
export function toJavaScript(code: string): string;

/** Runs an example in this process, with what its imports stand for; resolves to the lines that it prints. */
export function runExample(
  code: string,
  options: { modules: Readonly<Record<string, unknown>> },
): Promise<string[]>;
