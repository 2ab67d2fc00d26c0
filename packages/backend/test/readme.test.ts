import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as reorder from "@paroattn/reorder";
import * as sparseMasks from "@paroattn/sparse-masks";
import ts from "typescript";
import { expect, it } from "vitest";
import * as conformance from "../src/conformance/index.js";
import * as backend from "../src/index.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);

/** What an example says it prints: the comment behind a line that logs, or on the line below it. */
function promised(example: string): string[] {
  return [
    ...example.matchAll(/console\.log\(.*\);\n?\/\/ (.*)$|console\.log\(.*\); \/\/ (.*)$/gm),
  ].map((match) => (match[1] ?? match[2]) as string);
}

/** Runs an example against the sources; resolves to what it prints and to the tests it declares. */
async function run(example: string) {
  const modules: Readonly<Record<string, unknown>> = {
    "@paroattn/backend": backend,
    "@paroattn/backend/conformance": conformance,
    "@paroattn/reorder": reorder,
    "@paroattn/sparse-masks": sparseMasks,
    vitest: {
      describe: (_: string, body: () => void) => body(),
      it: (name: string, body: () => Promise<void>) => tests.push({ name, body }),
    },
  };
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const lines: string[] = [];
  const body = example
    .replace(/import \{([^}]*)\} from ("[^"]*");/g, "const {$1} = modules[$2];")
    .replaceAll(" as ", ": ");
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const main = new Function("modules", "console", `return (async () => {${outputText}})();`);
  await main(modules, { log: (...values: unknown[]) => lines.push(format(...values)) });
  return { lines, tests };
}

it("the reference example prints what it says", async () => {
  const { lines } = await run(examples[0]!);
  expect(lines.length).toBe(4);
  expect(lines).toEqual(promised(examples[0]!));
});

it("the example of a test file declares the suite", async () => {
  const { tests } = await run(examples[1]!);
  expect(tests.map(({ name }) => name)).toEqual(
    conformance.conformanceCases().map(({ name }) => name),
  );
  await tests[0]!.body();
});

it.each([
  [2, 2],
  [3, 1],
])("example %i, without a test runner, prints what it says in %i lines", async (at, count) => {
  const { lines } = await run(examples[at]!);
  expect(lines).toEqual(promised(examples[at]!));
  expect(lines.length).toBe(count);
});

it("has four examples", () => {
  expect(examples.length).toBe(4);
});
