// The examples of a README: what they are, what they promise to print, and how they run against a package's sources.
// tools/packages/installed runs the same examples as a stranger would.
import { readFile } from "node:fs/promises";
import { format } from "node:util";
import ts from "typescript";

/** Comment lines behind a console.log, or below it. */
const PROMISE = /console\.log\(.*\);((?: \/\/ .*)|(?:\n *\/\/ .*)+)$/gm;

/**
 * Every `js` and `ts` block of a README, with the lines that it says it prints. One marked `js` runs as it stands.
 *
 * @param {string | URL} path
 * @returns {Promise<{ language: "js" | "ts", code: string, promised: string[] }[]>}
 */
export async function readExamples(path) {
  const readme = await readFile(path, "utf8");
  return [...readme.matchAll(/^```(js|ts)\n([\s\S]*?)^```/gm)].map(([, language, code]) => ({
    language,
    code,
    promised: [...code.matchAll(PROMISE)].flatMap(([, comments]) =>
      comments
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => line.trim().replace(/^\/\/ /, "")),
    ),
  }));
}

/** An example as JavaScript, imports and all. */
export function toJavaScript(code) {
  return ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  }).outputText;
}

/**
 * Runs an example in this process and resolves to the lines that it prints.
 *
 * @param {string} code
 * @param {{ modules: Readonly<Record<string, unknown>> }} options what its imports stand for, by the name it imports
 * @returns {Promise<string[]>}
 */
export async function runExample(code, { modules }) {
  const body = toJavaScript(code)
    .replace(/^import \{([^}]*)\} from ("[^"]*");$/gm, (_, names, from) => {
      if (!Object.hasOwn(modules, JSON.parse(from))) {
        throw new Error(`the example imports ${from}, which the test does not provide`);
      }
      return `const {${names.replaceAll(" as ", ": ")}} = modules[${from}];`;
    })
    .replace(/^export \{\};$/m, "");
  const lines = [];
  const log = (...values) => lines.push(...format(...values).split("\n"));
  const run = new Function("modules", "console", `return (async () => {${body}})();`);
  await run(modules, { ...console, log, warn() {}, error() {} });
  return lines;
}
