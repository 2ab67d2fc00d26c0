import type { Command } from "commander";
import { type EvaluateFlags, evaluate } from "../commands/evaluate.js";
import { commonOptions } from "../options.js";
import { formatEvaluation } from "../terminal/evaluation-table.js";
import { runCommand } from "../terminal/run-command.js";
import { lists } from "./lists.js";
import { shellQuote } from "./shell-quote.js";

/** Adds `image-dit evaluate` to the command line. */
export function addEvaluateCommand(program: Command): void {
  program
    .command("evaluate")
    .description("compare attention strategies, densities and precisions with dense attention")
    .addOption(commonOptions.model())
    .option(
      "--attention <list>",
      "dense, paro, paro-native (default: those there are plans for)",
      lists.strategies,
    )
    .option("--density <list>", "default: 0.5,0.3,0.2, or all of --plan", lists.densities)
    .option("--precision <list>", "fp32, int8, int4, ... (default: fp32)", lists.precisions)
    .option("--plan <list>", "plans made by calibrate, or a folder of them", lists.paths)
    .option(
      "--prompts <file>",
      "one prompt a line (default: four held-out ones of the sample model)",
    )
    .option("--seeds <list>", "every prompt is drawn with each (default: 1)", lists.seeds)
    .addOption(commonOptions.steps())
    .addOption(commonOptions.guidance())
    .addOption(commonOptions.width())
    .addOption(commonOptions.height())
    .addOption(commonOptions.threads())
    .option("--report <folder>", "write a page with table, curves and pictures")
    .option(
      "--work <folder>",
      "keep results there and go on from them (default: --report's, else a cache)",
    )
    .option("--json", "print one JSON object a combination, a line each")
    .action((flags: EvaluateFlags) =>
      runCommand(async (signal) => {
        const commandLine = ["image-dit", ...process.argv.slice(2)].map(shellQuote).join(" ");
        const result = await evaluate(flags, { signal, commandLine });
        const text = flags.json
          ? result.lines.map((line) => JSON.stringify(line)).join("\n")
          : formatEvaluation(result);
        process.stdout.write(`${text}\n`);
      }),
    );
}
