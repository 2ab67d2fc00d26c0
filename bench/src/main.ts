import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ATTENTION_CASES, benchAttention } from "./attention.js";

const USAGE = `usage: npm run bench -- attention [--json] [--threads N] [--rounds N]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "15" },
  },
});

const suite = positionals[0];
const threads = Number(values.threads);
const rounds = Number(values.rounds);
if (
  suite !== "attention" ||
  !Number.isInteger(threads) ||
  threads < 1 ||
  !Number.isInteger(rounds) ||
  rounds < 1
) {
  process.stderr.write(
    `Expected a suite and whole positive numbers but found '${process.argv.slice(2).join(" ")}'\n${USAGE}\n`,
  );
  process.exit(2);
}

const progress = (done: number, total: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\r  round ${done} of ${total}   `);
};

let lastCase = "";
for await (const line of benchAttention({
  cases: ATTENTION_CASES,
  threads,
  rounds,
  onProgress: progress,
})) {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (values.json) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    continue;
  }
  if (line.case !== lastCase) process.stdout.write(`${line.case}, ${line.threads} threads\n`);
  lastCase = line.case;
  const times = `${line.ms.toFixed(1)} ms (median ${line.medianMs.toFixed(1)})`;
  process.stdout.write(
    `  ${line.implementation.padEnd(36)} ${times.padEnd(28)} ${line.gflops.toFixed(0).padStart(4)} GFLOP/s  ${line.ratio.toFixed(2)}x\n`,
  );
}
