import type { Setting } from "./setting.js";

/** One row of the table: a command line, and how it must end. */
export interface Row {
  readonly name: string;
  /** The command line; makes the files that it names. */
  readonly args: (setting: Setting) => readonly string[] | Promise<readonly string[]>;
  /** 1 for a failure, 2 for a wrong command line, 0 for what is taken with a warning. */
  readonly code: 0 | 1 | 2;
  /** What the one line says: the thing, what was expected, what was found. None: the line is not there. */
  readonly says: readonly RegExp[];
}
