import { type Command, Option } from "commander";
import { type App, nounOf } from "../app.js";
import { addOptions, commonOptions } from "../options.js";
import { scheduleOptions } from "../plans/schedule.js";
import { parseStrategies } from "../strategies/parse-strategy.js";
import { STRATEGY_NAMES } from "../strategies/registry.js";
import { runCommand } from "../terminal/run-command.js";
import { evaluate } from "./evaluate.js";
import { lists } from "./lists.js";
import type { EvaluateFlags } from "./request.js";
import { shellQuote } from "./shell-quote.js";
import { formatEvaluation } from "./table.js";

/** Adds `evaluate` to an app's command line. */
export function addEvaluateCommand(app: App, program: Command): void {
  const common = commonOptions(app);
  const ifSample = (text: string) => (app.sample === undefined ? "" : ` (default: ${text})`);
  const command = program
    .command("evaluate")
    .description("compare attention strategies, densities and precisions with dense attention")
    .addOption(common.model)
    .option(
      "--attention <list>",
      `${STRATEGY_NAMES.join(", ")} (default: dense, and PARO's that there are plans for)`,
      parseStrategies,
    )
    .option(
      "--density <list>",
      app.sample === undefined
        ? "executed over the run, dense steps included (default: all of --plan, else 0.5,0.3)"
        : "executed over the run, dense steps included (default: all of --plan, else 0.5,0.3, without dense steps 0.2 too)",
      lists.densities,
    )
    .option("--precision <list>", "fp32, int8, int4, ... (default: fp32)", lists.precisions)
    .option("--plan <list>", "plans made by calibrate, or a folder of them", lists.paths)
    .option(
      "--prompts <file>",
      `one prompt a line${ifSample("four held-out ones of the sample model")}`,
    )
    .option("--seeds <list>", "every prompt is drawn with each (default: 1)", lists.seeds)
    .addOption(common.steps);
  command.addOption(
    new Option(
      "--schedule <kind>",
      "the same dense steps for all, or those that each one's paper gives it",
    )
      .choices(["common", "paper"])
      .default("common"),
  );
  addOptions(command, scheduleOptions()).addOption(common.guidance);
  addOptions(command, common.size)
    .addOption(common.threads)
    .option(
      "--mask-shift",
      "tell how far the blocks that matter move with prompt, seed and step (a run more a plan)",
    )
    .option("--report <folder>", `write a page with table, curves and ${nounOf(app)}s`)
    .option(
      "--work <folder>",
      "keep results there and go on from them (default: --report's, else a cache)",
    )
    .option("--json", "print one JSON object a combination, a line each")
    .action((flags: EvaluateFlags) =>
      runCommand(async (signal) => {
        const commandLine = [app.name, ...process.argv.slice(2)].map(shellQuote).join(" ");
        const result = await evaluate(app, flags, { signal, commandLine });
        const text = flags.json
          ? result.lines.map((line) => JSON.stringify(line)).join("\n")
          : formatEvaluation(result);
        process.stdout.write(`${text}\n`);
      }, app),
    );
}
