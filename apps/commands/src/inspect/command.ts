import type { Command } from "commander";
import { type App, nounOf } from "../app.js";
import { addOptions, commonOptions, parsedBy, schemas } from "../options.js";
import { print } from "../terminal/print.js";
import { runCommand } from "../terminal/run-command.js";
import { type InspectFlags, inspect } from "./inspect.js";
import { formatInspectResult } from "./results.js";

/** Adds `inspect` to an app's command line. */
export function addInspectCommand(app: App, program: Command): void {
  const common = commonOptions(app);
  const ifSample = (text: string) => (app.sample === undefined ? "" : ` (default: ${text})`);
  const command = program
    .command("inspect")
    .description("show what PARO sees in one head, or in all of them, as pictures")
    .argument(
      "[prompt]",
      `what is drawn while it looks${ifSample("the demo's, for the sample model")}`,
    )
    .option("--layer <number>", "attention layer, from 0", parsedBy(schemas.index))
    .option("--head <number>", "head of the layer, from 0", parsedBy(schemas.index))
    .option("--all", "every layer and head, with an index page")
    .option(
      "--step <number>",
      "sampling step, from 0 (default: the middle one, half of --steps)",
      parsedBy(schemas.index),
    )
    .option("--negative <text>", `what the ${nounOf(app)} should not be`)
    .addOption(common.model)
    .option("--plan <file>", `plan made by calibrate${ifSample("the sample model's")}`);
  if (app.sample !== undefined) {
    command.option(
      "--density <share>",
      "of the sample model's plan (default: 0.3)",
      parsedBy(schemas.density),
    );
  }
  command
    .addOption(common.steps)
    .addOption(common.guidance)
    .option("--seed <number>", "default: 7, the demo's", parsedBy(schemas.seed));
  addOptions(command, common.size)
    .addOption(common.threads)
    .requiredOption("--out <path>", "PNG file, or with --all a folder")
    .option("--json", "print one JSON object")
    .action((prompt: string | undefined, flags: InspectFlags) =>
      runCommand(
        async (signal) =>
          print(await inspect(app, prompt, flags, signal), flags.json, formatInspectResult),
        app,
      ),
    );
}
