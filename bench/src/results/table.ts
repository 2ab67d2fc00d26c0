import type { MeasuredRow, Ratio } from "../measure/compare.js";
import type { Result } from "./result.js";
import { rate, ratio, time } from "./words.js";

const SUITES: Readonly<Record<string, string>> = {
  attention: "Attention",
  layers: "Layers",
  pipeline: "A picture of the sample model",
};

export const TABLE_SUITES = Object.keys(SUITES);

/** The README's tables of results: a line of where and when, then a table per suite. */
export function tables(results: readonly Result[]): string {
  if (results.length === 0) return "Not measured yet.\n";
  return results.map(suiteTable).join("\n");
}

function suiteTable(result: Result): string {
  const { suite, machine, commit, changed, measuredAt, threads, peers, absent } = result;
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  const missing = Object.entries(absent).map(([name, why]) => `${name} is missing (${why})`);
  const beside = [...versions, ...missing].join(", ");
  const lines = [
    `### ${SUITES[suite] ?? suite}`,
    "",
    `\`npm run bench -- ${suite}\` on ${measuredAt.slice(0, 10)}, commit ${commit.slice(0, 7)}${changed ? " with changes" : ""}: ${machine.cpu}, ${machine.cores} cores, ${threads} threads, ${machine.backend}, Node ${machine.node}${beside && `; beside ${beside}`}.`,
    "Best of the rounds, medians in brackets; rates are of the best. Parts under 1 % are left out.",
    "",
    "| case | | time | rate | compared |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const { name, rounds, rows, notes } of result.cases) {
    const compared = rows.filter(({ ratios }) => ratios.some(isWorthTelling));
    for (const [index, row] of compared.entries()) {
      const cells = [
        index === 0 ? `${name}, ${rounds} ${rounds === 1 ? "round" : "rounds"}` : "",
        row.name,
        times(row),
        rate(row),
        row.ratios.map((one) => `${ratio(one)}: ${otherSide(one, rows)}`).join("; "),
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
    for (const note of notes) lines.push(`| | ${note} | | | |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Dozens of operators take next to nothing; the result file has them. */
function isWorthTelling({ as, best }: Ratio): boolean {
  return as !== "part" || best >= 0.01;
}

function times({ bestMs, medianMs }: MeasuredRow): string {
  return `${time(bestMs)} (${time(medianMs)})`;
}

/** What a ratio compares with. */
function otherSide({ against, as }: Ratio, rows: readonly MeasuredRow[]): string {
  const other = rows.find(({ name }) => name === against)!;
  return as === "rate" ? rate(other) : times(other);
}
