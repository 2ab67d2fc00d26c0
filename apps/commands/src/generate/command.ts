import { type Command, Option } from "commander";
import { type App, nounOf } from "../app.js";
import { DEFAULT_FPS } from "../files/animation.js";
import { addOptions, commonOptions, parsedBy, schemas } from "../options.js";
import { scheduleOptions } from "../plans/schedule.js";
import { parseStrategy } from "../strategies/parse-strategy.js";
import { STRATEGY_NAMES } from "../strategies/registry.js";
import { print } from "../terminal/print.js";
import { runCommand } from "../terminal/run-command.js";
import { type GenerateFlags, generate } from "./generate.js";
import { formatGenerateResult } from "./result.js";

/** Adds `generate` to an app's command line. */
export function addGenerateCommand(app: App, program: Command): void {
  const common = commonOptions(app);
  const noun = nounOf(app);
  const command = program
    .command("generate")
    .description(`draw ${noun}s of a prompt`)
    .argument("<prompt>", 'what to draw, such as "a red circle"; may be empty')
    .option("--negative <text>", `what the ${noun} should not be`)
    .addOption(common.model)
    .addOption(
      new Option(
        "--attention <strategy>",
        `${STRATEGY_NAMES.join(", ")} (default: paro with --plan or --density, else dense)`,
      ).argParser(parseStrategy),
    )
    .option("--plan <file>", "plan made by calibrate")
    .option(
      "--density <share>",
      "share of query-key pairs to compute, dense steps included",
      parsedBy(schemas.density),
    )
    .option(
      "--precision <name>",
      "of attention: fp32, int8, int4, int8-qk, ... (default: the plan's, else fp32)",
      parsedBy(schemas.precision),
    )
    .addOption(common.steps);
  addOptions(command, scheduleOptions())
    .addOption(common.guidance)
    .option(
      "--seed <number>",
      `seed of the first ${noun} (default: random, printed)`,
      parsedBy(schemas.seed),
    );
  addOptions(command, common.size);
  if (app.kind === "video") {
    command.option(
      "--fps <number>",
      "frames a second, when it is played",
      parsedBy(schemas.fps),
      DEFAULT_FPS,
    );
  }
  command
    .option(
      "--count <number>",
      `${noun}s, with seeds one after the other`,
      parsedBy(schemas.count),
      1,
    )
    .addOption(common.threads)
    .option("--out <file>", `${app.files.description} (default: named after prompt and seed)`)
    .option(
      "--profile [file]",
      "tell where time and memory go; with a file, also as a Chrome trace",
    )
    .option("--json", "print one JSON object")
    .action((prompt: string, flags: GenerateFlags) =>
      runCommand(
        async (signal) =>
          print(await generate(app, prompt, flags, signal), flags.json, formatGenerateResult),
        app,
      ),
    );
}
