// "What comes along" in a README: what an installation of the package alone puts on the disk.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const HEADING = "## What comes along\n";
/** Sizes change with every commit: a README may be this far off. */
const TOLERANCE = 0.4;
/** Below this, in MB, a size is noise. */
const GRAIN = 0.02;

const megabytes = (bytes) => {
  const value = bytes / 1e6;
  return value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(0);
};

/** The text between the heading and the next one. */
function split(readme) {
  const start = readme.indexOf(`\n${HEADING}`);
  if (start < 0) return undefined;
  const body = start + 1 + HEADING.length;
  const rest = readme.slice(body).search(/^#/m);
  const end = rest < 0 ? readme.length : body + rest;
  return { before: readme.slice(0, body), text: readme.slice(body, end), after: readme.slice(end) };
}

function rows(text) {
  return [...text.matchAll(/^\| `([^`]+)`(?: ([\d.]+))? \| ([\d.]+) MB \|$/gm)].map(
    ([, name, version, size]) => ({ name, version, size: Number(size) }),
  );
}

/** The table, the package itself first; those of this repository move together and need no version here. */
function table(name, installed) {
  const own = ({ name: other }) => other.startsWith("@paroattn/");
  const rank = (one) => (one.name === name ? 0 : own(one) ? 1 : 2);
  const sorted = [...installed].sort(
    (a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const lines = sorted.map(
    (one) => `| \`${one.name}\`${own(one) ? "" : ` ${one.version}`} | ${megabytes(one.bytes)} MB |`,
  );
  return ["| package | on disk |", "| --- | --- |", ...lines].join("\n");
}

/**
 * What is wrong with the section; empty where it is right.
 *
 * @param {{ readme: string, installed: readonly import("./project.mjs").Installed[] }} options
 * @returns {string[]}
 */
export function alongProblems({ readme, installed }) {
  const section = split(readme);
  if (section === undefined) return ['README.md: no section "What comes along"'];
  const said = rows(section.text);
  const problems = [];
  const sortedNames = (list) =>
    list
      .map((one) => one.name)
      .sort()
      .join(", ");
  if (sortedNames(said) !== sortedNames(installed)) {
    problems.push(
      `README.md: says that ${sortedNames(said) || "nothing"} comes along, installed are ${sortedNames(installed)}`,
    );
  }
  for (const one of said) {
    const found = installed.find((other) => other.name === one.name);
    if (found === undefined) continue;
    if (one.version !== undefined && one.version !== found.version) {
      problems.push(`README.md: says ${one.name} ${one.version}, installed is ${found.version}`);
    }
    const size = found.bytes / 1e6;
    if (Math.abs(size - one.size) > Math.max(GRAIN, TOLERANCE * one.size)) {
      problems.push(
        `README.md: says ${one.size} MB of ${one.name}, installed are ${megabytes(found.bytes)} MB`,
      );
    }
  }
  return problems.map((problem) => `${problem} (npm run packages -- --write brings it up to date)`);
}

/**
 * Brings the table up to date and leaves the sentences around it as they are.
 *
 * @param {{ name: string, folder: string, installed: readonly import("./project.mjs").Installed[] }} options
 */
export async function writeAlong({ name, folder, installed }) {
  const path = join(folder, "README.md");
  const readme = await readFile(path, "utf8");
  const section = split(readme);
  if (section === undefined) throw new Error(`${path}: no section "What comes along"`);
  const { before, text, after } = section;
  const sentences = text.replace(/^\|.*\|\n/gm, "").trim();
  await writeFile(
    path,
    `${before}\n${table(name, installed)}\n${sentences === "" ? "" : `\n${sentences}\n`}${after === "" ? "" : "\n"}${after}`,
  );
}
