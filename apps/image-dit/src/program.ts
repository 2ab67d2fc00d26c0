import { Command, CommanderError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { type CalibrateFlags, calibrate } from "./commands/calibrate.js";
import { type GenerateFlags, generate } from "./commands/generate.js";
import { addEvaluateCommand } from "./evaluate/command.js";
import { addInspectCommand } from "./inspect/command.js";
import { commonOptions, parsedBy, schemas } from "./options.js";
import { formatCalibrateResult, formatGenerateResult } from "./terminal/results.js";
import { runCommand } from "./terminal/run-command.js";

/** Prints a result: one JSON object for machines, a few lines for people. */
function print<T>(result: T, json: boolean | undefined, format: (result: T) => string): void {
  process.stdout.write(`${json ? JSON.stringify(result) : format(result)}\n`);
}

/**
 * Runs a command line, such as ["generate", "a red circle"]. Results go to standard output, all else to standard error;
 * `process.exitCode` tells how it ended.
 */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    // Commander has printed its message already; help and version end with 0, a wrong command line with 2.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

function createProgram(): Command {
  const program = new Command("image-dit")
    .description("Pictures from a diffusers checkpoint, with dense or PARO attention")
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError("(image-dit --help shows the usage)");
  addGenerateCommand(program);
  addCalibrateCommand(program);
  addEvaluateCommand(program);
  addInspectCommand(program);
  return program;
}

function addGenerateCommand(program: Command): void {
  program
    .command("generate")
    .description("draw pictures of a prompt")
    .argument("<prompt>", 'what to draw, such as "a red circle"; may be empty')
    .option("--negative <text>", "what the picture should not be")
    .addOption(commonOptions.model())
    .addOption(
      new Option(
        "--attention <strategy>",
        "default: paro with --plan or --density, else dense",
      ).choices(["dense", "paro"]),
    )
    .option("--plan <file>", "plan made by calibrate")
    .option(
      "--density <share>",
      "share of query-key pairs that PARO computes",
      parsedBy(schemas.density),
    )
    .option(
      "--precision <name>",
      "of attention: fp32, int8, int4, int8-qk, ... (default: the plan's, else fp32)",
      parsedBy(schemas.precision),
    )
    .addOption(commonOptions.steps())
    .addOption(commonOptions.guidance())
    .option(
      "--seed <number>",
      "seed of the first picture (default: random, printed)",
      parsedBy(schemas.seed),
    )
    .addOption(commonOptions.width())
    .addOption(commonOptions.height())
    .option(
      "--count <number>",
      "pictures, with seeds one after the other",
      parsedBy(schemas.count),
      1,
    )
    .addOption(commonOptions.threads())
    .option("--out <file>", "PNG file (default: named after prompt and seed)")
    .option(
      "--profile [file]",
      "tell where time and memory go; with a file, also as a Chrome trace",
    )
    .option("--json", "print one JSON object")
    .action((prompt: string, flags: GenerateFlags) =>
      runCommand(async (signal) =>
        print(await generate(prompt, flags, signal), flags.json, formatGenerateResult),
      ),
    );
}

function addCalibrateCommand(program: Command): void {
  program
    .command("calibrate")
    .description("make a plan: one token order a head and static block masks")
    .addOption(commonOptions.model())
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
    .option("--prompts <file>", "one prompt a line (default: the sample model's first two)")
    .addOption(commonOptions.steps())
    .addOption(commonOptions.guidance())
    .option(
      "--seed <number>",
      "seed of the first prompt (default: 1000000)",
      parsedBy(schemas.seed),
    )
    .addOption(commonOptions.width())
    .addOption(commonOptions.height())
    .addOption(commonOptions.threads())
    .requiredOption("--out <file>", "the plan file")
    .option("--json", "print one JSON object")
    .action((flags: CalibrateFlags) =>
      runCommand(async (signal) =>
        print(await calibrate(flags, signal), flags.json, formatCalibrateResult),
      ),
    );
}
