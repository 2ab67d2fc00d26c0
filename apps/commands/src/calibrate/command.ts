import { type Command, Option } from "commander";
import type { App } from "../app.js";
import { addOptions, commonOptions, parsedBy, schemas } from "../options.js";
import { print } from "../terminal/print.js";
import { runCommand } from "../terminal/run-command.js";
import { type CalibrateFlags, calibrate, SHARES } from "./calibrate.js";
import { formatCalibrateResult } from "./result.js";

/** Adds `calibrate` to an app's command line. */
export function addCalibrateCommand(app: App, program: Command): void {
  const common = commonOptions(app);
  const prompts = app.sample === undefined ? "" : " (default: the sample model's first two)";
  const command = program
    .command("calibrate")
    .description("make a plan: one token order a head and static block masks")
    .addOption(common.model)
    .option(
      "--density <share>",
      "share of query-key pairs to keep (default: 0.3)",
      parsedBy(schemas.density),
    )
    .option(
      "--alpha <weight>",
      "weight of sparsity against incoherence (default: 0.5)",
      parsedBy(schemas.alpha),
    )
    .addOption(
      new Option(
        "--share <steps>",
        "steps that share masks, the others have their own (default: second-half)",
      ).choices(Object.keys(SHARES)),
    )
    .option(
      "--buckets <number>",
      "at most so many sets of masks for the others (default: one a step)",
      parsedBy(schemas.steps),
    )
    .option("--prompts <file>", `one prompt a line${prompts}`)
    .addOption(common.steps)
    .addOption(common.guidance)
    .option(
      "--seed <number>",
      "seed of the first prompt (default: 1000000)",
      parsedBy(schemas.seed),
    );
  addOptions(command, common.size)
    .addOption(common.threads)
    .requiredOption("--out <file>", "the plan file")
    .option("--json", "print one JSON object")
    .action((flags: CalibrateFlags) =>
      runCommand(
        async (signal) =>
          print(await calibrate(app, flags, signal), flags.json, formatCalibrateResult),
        app,
      ),
    );
}
