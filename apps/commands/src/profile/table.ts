import type { OperatorTiming } from "@paroattn/backend";
import { formatTable } from "../terminal/table.js";
import { liveMemory, peakMemory } from "./memory.js";
import type { Profile } from "./recorder.js";
import { nestSpans, type SpanNode } from "./tree.js";

/** Names are cut here, so that a line has at most 80 columns. */
const NAME_COLUMNS = 30;
/** What takes less than this share of the command is added up in one line. */
const SMALLEST_SHARE = 0.0005;

interface Line {
  readonly name: string;
  readonly depth: number;
  readonly calls?: number;
  readonly milliseconds: number;
  readonly peak?: number;
  readonly live?: number;
}

/** Stages, their parts and the parts' operators, with calls, time, share of the command, and memory: at most 80 columns. */
export function formatProfile(profile: Profile): string {
  const total = profile.end - profile.start;
  const lines: Line[] = [
    { name: "total", depth: 0, milliseconds: total, ...memoryOf(profile, [profile]) },
    ...nodeLines({ profile, total, nodes: nestSpans(profile.spans), depth: 1, outer: total }),
  ];
  const table = formatTable([
    ["", "calls", "time", "share", "peak", "live"],
    ...lines.map(({ name, depth, calls, milliseconds, peak, live }) => [
      cut("  ".repeat(depth) + name),
      calls === undefined ? "" : String(calls),
      `${(milliseconds / 1000).toFixed(2)} s`,
      `${((100 * milliseconds) / total).toFixed(1)}%`,
      peak === undefined ? "" : gigabytes(peak),
      live === undefined ? "" : gigabytes(live),
    ]),
  ]);
  return `${table}\n\npeak, live: resident memory of the process, at most and at the end`;
}

function nodeLines(options: {
  readonly profile: Profile;
  readonly total: number;
  readonly nodes: readonly SpanNode[];
  readonly depth: number;
  /** Milliseconds of what the nodes are parts of. */
  readonly outer: number;
}): Line[] {
  const { profile, total, nodes, depth, outer } = options;
  const groups = new Map<string, SpanNode[]>();
  for (const node of nodes) {
    const { name } = node.span;
    groups.set(name, [...(groups.get(name) ?? []), node]);
  }
  const lines: Line[] = [];
  let told = 0;
  for (const [name, group] of groups) {
    const spans = group.map(({ span }) => span);
    const milliseconds = sum(spans.map(({ start, end }) => end - start));
    told += milliseconds;
    lines.push({ name, depth, calls: group.length, milliseconds, ...memoryOf(profile, spans) });
    const parts = group.flatMap((node) => node.parts);
    const operators = spans.flatMap((span) => Object.entries(span.operators ?? {}));
    if (parts.length > 0) {
      lines.push(...nodeLines({ ...options, nodes: parts, depth: depth + 1, outer: milliseconds }));
    } else if (operators.length > 0) {
      lines.push(...operatorLines({ operators, total, depth: depth + 1, outer: milliseconds }));
    }
  }
  return [...lines, ...restLine({ depth, milliseconds: outer - told, total })];
}

function operatorLines(options: {
  readonly operators: readonly (readonly [string, OperatorTiming])[];
  readonly total: number;
  readonly depth: number;
  readonly outer: number;
}): Line[] {
  const { operators, total, depth, outer } = options;
  const sums = new Map<string, { calls: number; milliseconds: number }>();
  for (const [name, { calls, milliseconds }] of operators) {
    const known = sums.get(name) ?? { calls: 0, milliseconds: 0 };
    sums.set(name, {
      calls: known.calls + calls,
      milliseconds: known.milliseconds + milliseconds,
    });
  }
  const all = [...sums].map(([name, timing]): Line => ({ name, depth, ...timing }));
  all.sort((a, b) => b.milliseconds - a.milliseconds);
  const tiny = all.filter(({ milliseconds }) => milliseconds < SMALLEST_SHARE * total);
  // One alone may as well be named.
  const small = tiny.length > 1 ? tiny : [];
  const lines = all.filter((line) => !small.includes(line));
  if (small.length > 0) {
    const calls = sum(small.map((line) => line.calls ?? 0));
    const milliseconds = sum(small.map((line) => line.milliseconds));
    lines.push({ name: `${small.length} small operators`, depth, calls, milliseconds });
  }
  const told = sum(all.map(({ milliseconds }) => milliseconds));
  return [...lines, ...restLine({ depth, milliseconds: outer - told, total })];
}

/** What no line tells, where it is worth one. */
function restLine(options: {
  readonly depth: number;
  readonly milliseconds: number;
  readonly total: number;
}): Line[] {
  const { depth, milliseconds, total } = options;
  return milliseconds < SMALLEST_SHARE * total ? [] : [{ name: "(rest)", depth, milliseconds }];
}

function memoryOf(
  { memory }: Profile,
  spans: readonly { readonly start: number; readonly end: number }[],
) {
  return {
    peak: Math.max(...spans.map((span) => peakMemory(memory, span))),
    live: liveMemory(memory, spans.at(-1)!.end),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function cut(name: string): string {
  return name.length > NAME_COLUMNS ? `${name.slice(0, NAME_COLUMNS - 3)}...` : name;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
