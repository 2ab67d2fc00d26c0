import { fileURLToPath } from "node:url";
import * as shared from "../../../commands/test/run.js";
import { imageApp } from "../../src/app.js";

export type { Outcome } from "../../../commands/test/run.js";

const builtCli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** Runs the sources in this process, in its working directory. */
export const runInProcess = (args: readonly string[]) => shared.runInProcess(imageApp, args);

/** Runs the built app in a process of its own. */
export const runInChild = (args: readonly string[], folder: string) =>
  shared.runInChild(builtCli, args, folder);
