import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ATTENTION_CASES, benchAttention } from "./attention.js";
import { benchCaptions } from "./captions.js";
import { benchLoop } from "./loop.js";
import { benchOrders } from "./orders.js";
import { attentionRow, captionRow, loopRow, ordersRow } from "./print.js";

const USAGE = `usage: npm run bench -- attention [--json] [--threads N] [--rounds N]
       npm run bench -- loop      [--json] [--threads N] [--rounds N]
       npm run bench -- captions  [--json] [--threads N] [--pictures N] [--attention dense|paro] [--set one|two] [--guidance N]
       npm run bench -- orders    [--json] [--rounds N]`;

function refuse(message: string): never {
  process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        threads: { type: "string", default: String(availableParallelism()) },
        rounds: { type: "string" },
        pictures: { type: "string" },
        attention: { type: "string", default: "dense" },
        guidance: { type: "string" },
        set: { type: "string", default: "one" },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const { values, positionals } = parse();

function positive(
  name: "threads" | "rounds" | "pictures" | "guidance",
  otherwise?: number,
): number {
  if (values[name] === undefined && otherwise !== undefined) return otherwise;
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  return refuse(`Expected a whole positive number for --${name} but found '${values[name]}'`);
}

function choice<T extends string>(name: "attention" | "set", choices: readonly T[]): T {
  const found = choices.find((one) => one === values[name]);
  return found ?? refuse(`Expected --${name} ${choices.join(" or ")} but found '${values[name]}'`);
}

const onTerminal = process.stderr.isTTY;
const show = (text: string) => {
  if (onTerminal) process.stderr.write(`\r\x1b[K${text}`);
};
const print = (line: object, row: string) => {
  show("");
  process.stdout.write(`${values.json ? JSON.stringify(line) : row}\n`);
};

async function run(): Promise<void> {
  switch (positionals[0]) {
    case "attention": {
      let lastCase = "";
      const lines = benchAttention({
        cases: ATTENTION_CASES,
        threads: positive("threads"),
        rounds: positive("rounds", 15),
        onProgress: (done, total) => show(`  round ${done} of ${total}`),
      });
      for await (const line of lines) {
        if (line.case !== lastCase && !values.json) {
          print(line, `${line.case}, ${line.threads} threads`);
        }
        lastCase = line.case;
        print(line, attentionRow(line));
      }
      break;
    }
    case "loop": {
      const lines = benchLoop({
        threads: positive("threads"),
        rounds: positive("rounds", 3),
        onProgress: (stage, done) => show(`  ${stage}: ${Math.floor(done * 100)} %`),
      });
      for await (const line of lines) print(line, loopRow(line));
      break;
    }
    case "captions": {
      const lines = benchCaptions({
        threads: positive("threads"),
        set: choice("set", ["one", "two"]) === "one" ? "heldoutOne" : "heldoutTwo",
        pictures: positive("pictures", 100),
        attention: choice("attention", ["dense", "paro"]),
        ...(values.guidance !== undefined && { guidance: positive("guidance") }),
        onProgress: (stage, done) => show(`  ${stage}: ${Math.floor(done * 100)} %`),
      });
      for await (const line of lines) print(line, captionRow(line));
      break;
    }
    case "orders": {
      const lines = benchOrders({
        rounds: positive("rounds", 31),
        onProgress: (done) => show(`  ${Math.floor(done * 100)} %`),
      });
      for await (const line of lines) print(line, ordersRow(line));
      break;
    }
    default:
      refuse(
        `Expected a suite, attention, loop, captions or orders, but found '${positionals[0] ?? "nothing"}'`,
      );
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
