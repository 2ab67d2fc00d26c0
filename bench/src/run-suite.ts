import { type BenchCase, type MeasuredCase, measureCase } from "./measure/case.js";
import { buildMachineLimits } from "./peers/limits.js";
import { openPeers, type PeerName } from "./peers/open-peers.js";
import { Progress } from "./progress.js";
import { saveResult } from "./results/result.js";
import { attentionCases } from "./suites/attention/cases.js";
import { layerCases } from "./suites/layers/cases.js";
import { pipelineCases } from "./suites/pipeline.js";
import type { SuiteContext } from "./suites/suite.js";

interface Suite {
  readonly cases: (context: SuiteContext) => BenchCase[];
  /** Whether other libraries take part. */
  readonly peers: boolean;
}

export const SUITES = {
  attention: { cases: attentionCases, peers: true },
  layers: { cases: layerCases, peers: true },
  pipeline: { cases: pipelineCases, peers: false },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;

export interface RunSuiteOptions {
  readonly suite: SuiteName;
  readonly threads: number;
  /** Instead of each case's own. */
  readonly rounds?: number | undefined;
  /** Part of the names of the cases to run. Default: all. */
  readonly cases?: string | undefined;
  readonly against: readonly PeerName[];
  readonly python: string;
  /** Whether a result file is written, and gets a line on stderr. */
  readonly save: boolean;
  readonly onCase: (measured: MeasuredCase) => void;
}

/** Measures the cases of a suite one after the other. Resolves to their number. */
export async function runSuite(options: RunSuiteOptions): Promise<number> {
  const { suite, threads, rounds, save, onCase } = options;
  const { cases: casesOf, peers: compared } = SUITES[suite];
  const names = compared ? options.against : [];
  if (compared) buildMachineLimits();
  const peers = await openPeers({ names, threads, python: options.python });
  const absent = compared ? peers.absent : {};
  for (const [name, why] of Object.entries(absent)) {
    process.stderr.write(`without ${name}: ${why}\n`);
  }
  const progress = new Progress();
  try {
    let current = "";
    let done = 0;
    const say = (text: string) => progress.show(`${current}: ${text}`, done);
    const cases = casesOf({ threads, peers: peers.all, say }).filter(({ name }) =>
      name.includes(options.cases ?? ""),
    );
    const cost = (one: BenchCase) => one.seconds * ((rounds ?? one.rounds) + 1);
    const total = cases.reduce((sum, one) => sum + cost(one), 0);
    const measured: MeasuredCase[] = [];
    for (const one of cases) {
      current = one.name;
      const before = done;
      const count = rounds ?? one.rounds;
      say("warm up");
      const found = await measureCase(one, {
        rounds: count,
        onRound(round) {
          done = before + (cost(one) / total) * ((round + 1) / (count + 1));
          say(`round ${round} of ${count}`);
        },
      });
      progress.clear();
      measured.push(found);
      onCase(found);
    }
    if (save) {
      const path = await saveResult({
        suite,
        threads,
        peers: Object.fromEntries(peers.all.map(({ name, version }) => [name, version])),
        absent,
        cases: measured,
      });
      process.stderr.write(`wrote ${path}\n`);
    }
    return cases.length;
  } finally {
    progress.clear();
    await peers.close();
  }
}
