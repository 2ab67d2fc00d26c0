// The conformance suite on the CUDA backend, without a test runner.
// Usage: node conformance.mjs --result FILE [--seed N] [--seconds N] [--operator NAME]... [--long-tokens N]
//
// Exit code: 0 if all cases conform, 1 if one does not, 3 if the device cannot be opened (the last line says why).
import { renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { planConformance, runConformance } from "@paroattn/backend/conformance";
import { type CudaBackend, createCudaBackend } from "../../src/index.js";
import { PROFILES, type Profile } from "./profiles.js";

/**
 * Attention over so many is 141 TFLOP in two heads of 64 channels, block statistics half of it: 31 milliseconds at 2.25 PFLOP/s,
 * the peak of a B200, so longer on any GPU than the 20 after which it is aborted. Abortion keeps it short on slow ones.
 */
const LONG_TOKENS = 524_288;
/** Each is one run of every case with its own random inputs. */
const MOST_SEEDS = 3;

interface CaseReport {
  readonly name: string;
  readonly seed: number | undefined;
  readonly message: string;
}

interface Report {
  device: string;
  seeds: number[];
  passed: number;
  milliseconds: number;
  failed: CaseReport[];
  /** What the backend states not to have, with the reason, and what there was no time for. */
  skipped: CaseReport[];
}

function parse() {
  const { values } = parseArgs({
    options: {
      result: { type: "string" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      seconds: { type: "string", default: "600" },
      operator: { type: "string", multiple: true, default: [] },
      "long-tokens": { type: "string", default: String(LONG_TOKENS) },
    },
  });
  if (values.result === undefined) throw new Error("Expected --result FILE but found none");
  return {
    result: values.result,
    seed: Number(values.seed),
    end: performance.now() + Number(values.seconds) * 1000,
    operators: values.operator,
    longAttentionTokens: Number(values["long-tokens"]),
  };
}

type Arguments = ReturnType<typeof parse>;

async function runProfile(
  profile: Profile,
  seed: number,
  report: Report,
  options: Arguments,
): Promise<void> {
  const settings = { ...profile.options, longAttentionTokens: options.longAttentionTokens };
  const { cases, skipped } = planConformance(settings);
  const wanted = ({ operator }: { readonly operator: string }) =>
    options.operators.length === 0 || options.operators.includes(operator);
  if (seed === report.seeds[0]) {
    for (const { name, why } of skipped.filter(wanted)) {
      report.skipped.push({ name: `${profile.name}: ${name}`, seed: undefined, message: why });
    }
  }
  for (const { name } of cases.filter(wanted)) {
    const title = `${profile.name}: ${name}`;
    if (performance.now() > options.end) {
      report.skipped.push({ name: title, seed, message: "no time was left" });
      continue;
    }
    const results = await runConformance({
      ...settings,
      createBackend: () => createCudaBackend(),
      seeds: [seed],
      only: (one) => one.name === name,
    });
    for (const { ok, skipped, message, milliseconds } of results) {
      if (skipped) continue;
      report.milliseconds += milliseconds;
      if (ok) {
        report.passed++;
      } else {
        report.failed.push({ name: title, seed, message });
        process.stdout.write(`FAILED ${title} (seed ${seed}): ${message}\n`);
      }
    }
    save(report, options);
  }
}

/** Whole or not at all: the process may be stopped at any moment. */
function save(report: Report, { result }: Arguments): void {
  writeFileSync(`${result}.part`, JSON.stringify(report));
  renameSync(`${result}.part`, result);
}

function openDevice(): CudaBackend | undefined {
  try {
    return createCudaBackend();
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 3;
    return undefined;
  }
}

const options = parse();
const backend = openDevice();
if (backend !== undefined) {
  const report: Report = {
    device: backend.description,
    seeds: [],
    passed: 0,
    milliseconds: 0,
    failed: [],
    skipped: [],
  };
  backend.dispose();
  process.stdout.write(`${report.device}\n`);
  const start = performance.now();
  for (let seed = options.seed; seed < options.seed + MOST_SEEDS; seed++) {
    // Another seed only if there is time for all of it.
    const rounds = report.seeds.length;
    const perRound = (performance.now() - start) / Math.max(rounds, 1);
    if (rounds > 0 && performance.now() + 1.2 * perRound > options.end) break;
    report.seeds.push(seed);
    process.stdout.write(`seed ${seed}\n`);
    for (const profile of PROFILES) await runProfile(profile, seed, report, options);
  }
  process.stdout.write(
    `${report.passed} passed, ${report.failed.length} failed, ${report.skipped.length} skipped\n`,
  );
  save(report, options);
  process.exitCode = report.failed.length > 0 ? 1 : 0;
}
