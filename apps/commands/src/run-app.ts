import { Command, CommanderError } from "commander";
import type { App } from "./app.js";
import { addCalibrateCommand } from "./calibrate/command.js";
import { addEvaluateCommand } from "./evaluate/command.js";
import { addGenerateCommand } from "./generate/command.js";
import { addInspectCommand } from "./inspect/command.js";
import { addReproduceCommand } from "./reproduce/command.js";

/**
 * Runs a command line of an app, such as ["generate", "a red circle"]. Results go to standard output, all else to
 * standard error; `process.exitCode` tells how it ended.
 */
export async function runApp(app: App, args: readonly string[]): Promise<void> {
  try {
    await createProgram(app).parseAsync(args, { from: "user" });
  } catch (error) {
    // Commander has printed its message already; help and version end with 0, a wrong command line with 2.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

function createProgram(app: App): Command {
  const program = new Command(app.name)
    .description(app.description)
    .version(app.version)
    .exitOverride()
    .showHelpAfterError(`(${app.name} --help shows the usage)`);
  addGenerateCommand(app, program);
  addCalibrateCommand(app, program);
  addEvaluateCommand(app, program);
  addInspectCommand(app, program);
  addReproduceCommand(app, program);
  return program;
}
