import type { MeasuredCase } from "../measure/case.js";
import { rate, ratio, time, work } from "./words.js";

const NAME_WIDTH = 36;

/** A case for people, at most 80 columns wide but for long names. */
export function caseText({ name, rounds, notes, rows }: MeasuredCase): string {
  const facts = [work(rows), rounds === 1 ? "1 round" : `${rounds} rounds`].filter(Boolean);
  const lines = [`${name} (${facts.join(", ")})`];
  lines.push(`${" ".repeat(NAME_WIDTH + 2)}${"best".padStart(11)}${"median".padStart(12)}`);
  for (const row of rows) {
    const times = `${time(row.bestMs).padStart(11)}${time(row.medianMs).padStart(12)}`;
    lines.push(`  ${row.name.padEnd(NAME_WIDTH)}${times}${rate(row).padStart(15)}`.trimEnd());
    for (const one of row.ratios) lines.push(`    ${ratio(one)}`);
  }
  for (const note of notes) lines.push(...wrap(`  (${note})`, 80));
  return `${lines.join("\n")}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(/(?<=\S) /)) {
    const joined = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(`    ${word}`);
  }
  return lines;
}
