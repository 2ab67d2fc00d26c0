import { readArguments, refuse } from "./arguments.js";
import type { MeasuredCase } from "./measure/case.js";
import { Progress } from "./progress.js";
import { writeReadme } from "./results/readme.js";
import { caseText } from "./results/text.js";
import { runSuite, type SuiteName } from "./run-suite.js";
import { benchCaptions } from "./suites/captions.js";
import { runClip } from "./suites/clip/run-clip.js";
import { benchOrders } from "./suites/orders.js";
import { captionRow, clipRow, ordersRow, stallRow } from "./suites/rows.js";
import { benchStall } from "./suites/stall.js";

const settings = readArguments();
const progress = new Progress();

function print(line: object, text: string): void {
  progress.clear();
  process.stdout.write(`${settings.json ? JSON.stringify(line) : text}\n`);
}

async function measure(suite: SuiteName): Promise<void> {
  const printCase = (measured: MeasuredCase) => {
    if (!settings.json) return print(measured, caseText(measured));
    const { rows, ...facts } = measured;
    for (const row of rows) print({ suite, case: facts.name, rounds: facts.rounds, ...row }, "");
  };
  const count = await runSuite({ ...settings, suite, onCase: printCase });
  if (count === 0)
    refuse(`Expected --cases to be a part of a case's name but found '${settings.cases}'`);
}

async function run(): Promise<void> {
  const { suite } = settings;
  switch (suite) {
    case "attention":
    case "layers":
    case "pipeline":
      return measure(suite);
    case "captions":
      for await (const line of benchCaptions({
        ...settings,
        onProgress: (done) => progress.show(settings.attention, done),
      })) {
        print(line, captionRow(line));
      }
      return;
    case "orders":
      for await (const line of benchOrders({
        rounds: settings.rounds ?? 31,
        onProgress: (done) => progress.show("orders", done),
      })) {
        print(line, ordersRow(line));
      }
      return;
    case "stall":
      for await (const line of benchStall({
        threads: settings.threads,
        rounds: settings.rounds ?? 3,
        onProgress: (done) => progress.show("stall", done),
      })) {
        print(line, stallRow(line));
      }
      return;
    case "clip":
      await runClip({
        ...settings,
        rounds: settings.rounds ?? 3,
        onLine: (line) => print(line, clipRow(line)),
        onProgress: (text, done) => progress.show(text, done),
      });
      return;
    case "table":
      process.stdout.write(
        (await writeReadme()) ? "wrote the README's tables\n" : "the README is up to date\n",
      );
      return;
  }
}

try {
  await run();
} catch (error) {
  // What is meant for people carries this brand; all else is a fault of the benchmark and needs its stack.
  const known = error instanceof Error && Symbol.for("paroattn.error") in error;
  process.stderr.write(`bench: ${known ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
