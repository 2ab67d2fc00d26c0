// From the compiler's output to a table: what each kernel uses on each architecture, what is wrong with it, and what changed.
import { readableNames } from "./names.mjs";
import { parseResources } from "./parse.mjs";

/**
 * @typedef {object} Row
 * @property {string} kernel
 * @property {string} architecture
 * @property {number} registers
 * @property {number} sharedBytes
 * @property {number} stackBytes
 * @property {number} spillStoreBytes
 * @property {number} spillLoadBytes
 */

/**
 * @typedef {object} Report
 * @property {Row[]} rows by kernel, then architecture
 * @property {string[]} problems one sentence each: a spill, a stack frame or a notice of the compiler, with the kernel named
 */

/**
 * @param {readonly { source: string, text: string }[]} outputs ptxas' words for each translation unit
 * @returns {Report}
 */
export function reportResources(outputs) {
  const parsed = outputs.map(({ source, text }) => ({ source, ...parseResources(text) }));
  const names = readableNames(
    parsed.flatMap(({ kernels, notices }) =>
      [...kernels, ...notices].flatMap(({ symbol }) => (symbol === undefined ? [] : [symbol])),
    ),
  );
  const rows = [];
  const problems = [];
  for (const { source, kernels, notices } of parsed) {
    for (const { symbol, ...resources } of kernels) {
      const row = { kernel: names.get(symbol), ...resources };
      rows.push(row);
      problems.push(...problemsOf(row));
    }
    for (const { code, symbol, text } of notices) {
      const who = symbol === undefined ? `a kernel of ${source}` : names.get(symbol);
      problems.push(`${who}: the compiler says ${code}: ${text}`);
    }
  }
  return { rows: rows.sort(byKernel), problems };
}

/** @param {Row} row */
function problemsOf(row) {
  const where = `${row.kernel} on ${row.architecture}`;
  const problems = [];
  if (row.spillStoreBytes > 0 || row.spillLoadBytes > 0) {
    problems.push(
      `${where} spills registers: ${row.spillStoreBytes} bytes of stores, ${row.spillLoadBytes} bytes of loads`,
    );
  }
  // A spill needs a stack frame: one complaint is enough.
  if (row.stackBytes > 0 && problems.length === 0) {
    problems.push(`${where} has a stack frame of ${row.stackBytes} bytes`);
  }
  return problems;
}

function byKernel(left, right) {
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return (
    order(left.kernel, right.kernel) ||
    architectureNumber(left.architecture) - architectureNumber(right.architecture)
  );
}

const architectureNumber = (architecture) => Number(/\d+/.exec(architecture)?.[0] ?? 0);

/**
 * The checked-in form: kernel -> architecture -> [registers, bytes of static shared memory]. Spills and stack frames are
 * not in it, since none is allowed.
 *
 * @param {readonly Row[]} rows
 * @returns {Record<string, Record<string, [number, number]>>}
 */
export function toTable(rows) {
  const table = {};
  for (const { kernel, architecture, registers, sharedBytes } of rows) {
    table[kernel] ??= {};
    table[kernel][architecture] = [registers, sharedBytes];
  }
  return table;
}

/**
 * What differs from the checked-in table, for the architectures that were built.
 *
 * @param {Record<string, Record<string, [number, number]>>} before
 * @param {readonly Row[]} rows
 * @returns {{ increases: string[], others: string[] }} one sentence each
 */
export function compareTables(before, rows) {
  const increases = [];
  const others = [];
  const built = new Set(rows.map(({ architecture }) => architecture));
  const now = toTable(rows);
  for (const { kernel, architecture, registers, sharedBytes } of rows) {
    const old = before[kernel]?.[architecture];
    const where = `${kernel} on ${architecture}`;
    if (old === undefined) {
      others.push(`${where} is new: ${registers} registers`);
      continue;
    }
    if (registers > old[0]) increases.push(`${where}: ${old[0]} -> ${registers} registers`);
    if (registers < old[0]) others.push(`${where}: ${old[0]} -> ${registers} registers`);
    if (sharedBytes !== old[1]) {
      const list = sharedBytes > old[1] ? increases : others;
      list.push(`${where}: ${old[1]} -> ${sharedBytes} bytes of shared memory`);
    }
  }
  for (const [kernel, architectures] of Object.entries(before)) {
    for (const architecture of Object.keys(architectures)) {
      if (built.has(architecture) && now[kernel]?.[architecture] === undefined) {
        others.push(`${kernel} on ${architecture} is gone`);
      }
    }
  }
  return { increases, others };
}

/**
 * The checked-in table with the architectures of `rows` replaced; the others stay.
 *
 * @param {Record<string, Record<string, [number, number]>>} before
 * @param {readonly Row[]} rows
 */
export function updateTable(before, rows) {
  const built = new Set(rows.map(({ architecture }) => architecture));
  const now = toTable(rows);
  const table = {};
  for (const kernel of [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()) {
    const kept = Object.entries(before[kernel] ?? {}).filter(([name]) => !built.has(name));
    const entries = [...kept, ...Object.entries(now[kernel] ?? {})].sort(
      ([a], [b]) => architectureNumber(a) - architectureNumber(b),
    );
    if (entries.length > 0) table[kernel] = Object.fromEntries(entries);
  }
  return table;
}

/**
 * A table for people: a line a kernel, "registers (shared bytes)" a column an architecture.
 *
 * @param {readonly Row[]} rows
 */
export function formatTable(rows) {
  const architectures = [...new Set(rows.map(({ architecture }) => architecture))].sort(
    (a, b) => architectureNumber(a) - architectureNumber(b),
  );
  const table = toTable(rows);
  const cell = (entry) => {
    if (entry === undefined) return "-";
    const [registers, sharedBytes] = entry;
    return sharedBytes > 0 ? `${registers} (${sharedBytes} B)` : String(registers);
  };
  const lines = [
    ["kernel: registers (static shared memory)", ...architectures],
    ...Object.entries(table).map(([kernel, entries]) => [
      kernel,
      ...architectures.map((architecture) => cell(entries[architecture])),
    ]),
  ];
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  return lines
    .map((line) =>
      line
        .map((text, at) => (at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at])))
        .join("  "),
    )
    .join("\n");
}
