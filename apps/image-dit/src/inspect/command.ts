import type { Command } from "commander";
import { type InspectFlags, inspect } from "../commands/inspect.js";
import { commonOptions, parsedBy, schemas } from "../options.js";
import { runCommand } from "../terminal/run-command.js";
import { formatInspectResult } from "./results.js";

/** Adds `inspect` to the command line. */
export function addInspectCommand(program: Command): void {
  program
    .command("inspect")
    .description("show what PARO sees in one head, or in all of them, as pictures")
    .argument(
      "[prompt]",
      "what is drawn while it looks (default: the demo's, for the sample model)",
    )
    .option("--layer <number>", "attention layer, from 0", parsedBy(schemas.index))
    .option("--head <number>", "head of the layer, from 0", parsedBy(schemas.index))
    .option("--all", "every layer and head, with an index page")
    .option(
      "--step <number>",
      "sampling step, from 0 (default: the middle one, half of --steps)",
      parsedBy(schemas.index),
    )
    .option("--negative <text>", "what the picture should not be")
    .addOption(commonOptions.model())
    .option("--plan <file>", "plan made by calibrate (default: the sample model's)")
    .option(
      "--density <share>",
      "of the sample model's plan (default: 0.3)",
      parsedBy(schemas.density),
    )
    .addOption(commonOptions.steps())
    .addOption(commonOptions.guidance())
    .option("--seed <number>", "default: 7, the demo's", parsedBy(schemas.seed))
    .addOption(commonOptions.width())
    .addOption(commonOptions.height())
    .addOption(commonOptions.threads())
    .requiredOption("--out <path>", "PNG file, or with --all a folder")
    .option("--json", "print one JSON object")
    .action((prompt: string | undefined, flags: InspectFlags) =>
      runCommand(async (signal) => {
        const result = await inspect(prompt, flags, signal);
        const text = flags.json ? JSON.stringify(result) : formatInspectResult(result);
        process.stdout.write(`${text}\n`);
      }),
    );
}
