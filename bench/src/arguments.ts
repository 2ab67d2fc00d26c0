import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { PEERS, type PeerName } from "./peers/open-peers.js";

const USAGE = `usage: npm run bench -- attention|layers [--json] [--threads N] [--rounds N] [--cases PART-OF-NAME]
                    [--against ${PEERS.join(",")}|none] [--python PATH] [--save]
       npm run bench -- pipeline [--json] [--threads N] [--rounds N] [--cases PART-OF-NAME] [--save]
       npm run bench -- table    writes the README's tables from the latest saved results
       npm run bench -- captions [--json] [--threads N] [--pictures N] [--attention dense|paro]
                    [--set one|two] [--guidance N]
       npm run bench -- orders   [--json] [--rounds N]
       npm run bench -- stall    [--json] [--threads N] [--rounds N]
       npm run bench -- clip     [--json] [--threads N] [--rounds N] [--plan FILE] [--save]`;

const SUITES = [
  "attention",
  "layers",
  "pipeline",
  "table",
  "captions",
  "orders",
  "stall",
  "clip",
] as const;

export function refuse(message: string): never {
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
        cases: { type: "string" },
        against: { type: "string", default: PEERS.join(",") },
        python: { type: "string", default: "python3" },
        save: { type: "boolean", default: false },
        pictures: { type: "string", default: "100" },
        attention: { type: "string", default: "dense" },
        guidance: { type: "string" },
        set: { type: "string", default: "one" },
        plan: { type: "string" },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** The command line, checked; ends the process with what is wrong. */
export function readArguments() {
  const { values, positionals } = parse();
  const positive = (name: "threads" | "rounds" | "pictures" | "guidance") => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= 1) return value;
    return refuse(`Expected a whole positive number for --${name} but found '${values[name]}'`);
  };
  const optional = (name: "rounds" | "guidance") =>
    values[name] === undefined ? undefined : positive(name);
  const { cases, save } = values;
  const suite = choice("a suite", positionals[0] ?? "nothing", SUITES);
  if (suite !== "clip" && save && (cases !== undefined || values.rounds !== undefined)) {
    refuse("Expected --save without --cases and --rounds: a result is of the whole suite");
  }
  return {
    suite,
    json: values.json,
    threads: positive("threads"),
    rounds: optional("rounds"),
    cases,
    against: peerNames(values.against),
    python: values.python,
    save,
    pictures: positive("pictures"),
    attention: choice("--attention", values.attention, ["dense", "paro"]),
    guidance: optional("guidance"),
    plan: values.plan,
    set: choice("--set", values.set, ["one", "two"]) === "one" ? "heldoutOne" : "heldoutTwo",
  } as const;
}

function choice<T extends string>(what: string, value: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === value);
  return found ?? refuse(`Expected ${what} of ${choices.join(", ")} but found '${value}'`);
}

function peerNames(value: string): PeerName[] {
  if (value === "none") return [];
  return value.split(",").map((name) => choice("--against", name, PEERS));
}
