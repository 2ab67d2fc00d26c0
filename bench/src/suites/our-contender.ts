import type { Backend, BackendScope, DeviceTensor } from "@paroattn/backend";
import type { CaseContender } from "../measure/case.js";
import type { RowInfo } from "../measure/compare.js";

/**
 * Our backend as a contender: from the call to the end of the commands, and beside it, as rows of their own, what single
 * operators took in the command stream.
 */
export function ourContender(options: {
  readonly name: string;
  readonly backend: Backend;
  readonly info: RowInfo;
  /** Rows of single operators, by operator. */
  readonly parts?: Readonly<Record<string, { readonly name: string; readonly info: RowInfo }>>;
  /** Issues the commands and returns the result. Everything is made through the scope. */
  readonly issue: (scope: BackendScope) => DeviceTensor;
}): CaseContender {
  const { name, backend, info, parts = {}, issue } = options;
  return {
    rows: {
      [name]: info,
      ...Object.fromEntries(Object.values(parts).map((part) => [part.name, part.info])),
    },
    async run() {
      const start = performance.now();
      using scope = backend.scope({ timed: true });
      issue(scope);
      await scope.flush();
      const whole = performance.now() - start;
      const timings = await scope.timings();
      const times = Object.entries(parts).map(([operator, part]) => [
        part.name,
        timings[operator]!.milliseconds,
      ]);
      return { [name]: whole, ...Object.fromEntries(times) };
    },
    async output() {
      using scope = backend.scope();
      const { data } = await scope.read(issue(scope));
      return data as Float32Array;
    },
  };
}

/** A contender whose result is its own: sparse or quantized attention, say. */
export function withoutOutput({ run, rows }: CaseContender): CaseContender {
  return { run, rows };
}
