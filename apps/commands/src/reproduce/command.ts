import type { Command } from "commander";
import type { App } from "../app.js";
import { lists } from "../evaluate/lists.js";
import { addOptions, commonOptions, listOf, parsedBy, schemas } from "../options.js";
import { print } from "../terminal/print.js";
import { runCommand } from "../terminal/run-command.js";
import { formatReproduction } from "./format.js";
import { reproduce } from "./reproduce.js";
import type { ReproduceFlags } from "./request.js";

/** Adds `reproduce` to an app's command line. */
export function addReproduceCommand(app: App, program: Command): void {
  const common = commonOptions(app);
  const sample = app.sample === undefined ? "" : " (default: the sample model's)";
  const command = program
    .command("reproduce")
    .description("repeat the paper's experiment on one model; goes on where it was stopped")
    .addOption(common.model)
    .option("--only <list>", "rows or tables of it, incoherence (default: all)", listOf(String))
    .option("--prompts <file>", `held-out prompts, one a line${sample}`)
    .option("--calibration-prompts <file>", `other prompts, one a line${sample}`)
    .option(
      "--count <number>",
      "so many of the held-out prompts, spread over the list (default: 5)",
      parsedBy(schemas.count),
    )
    .option("--seeds <list>", "every prompt is drawn with each (default: 1)", lists.seeds)
    .addOption(common.steps)
    .addOption(common.guidance);
  addOptions(command, common.size)
    .addOption(common.threads)
    .option("--work <folder>", "keep results there and go on from them (default: a cache)")
    .option("--save <file>", "write the result to a JSON file")
    .option("--tables <file>", "bring the tables in a Markdown file up to the result")
    .option("--from <file>", "take a result that was saved, measure nothing")
    .option("--json", "print one JSON object")
    .action((flags: ReproduceFlags) =>
      runCommand(
        async (signal) =>
          print(await reproduce(app, flags, signal), flags.json, formatReproduction),
        app,
      ),
    );
}
