import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as reorder from "@paroattn/reorder";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as sparseMasks from "../src/index.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);

/** What an example says it prints: the comment behind each console.log, or the comment lines below it. */
function promised(example: string): string[] {
  return [...example.matchAll(/console\.log\(.*\);((?: \/\/ .*)|(?:\n *\/\/ .*)+)$/gm)].flatMap(
    (match) =>
      (match[1] as string)
        .split("//")
        .slice(1)
        .map((line) => line.trim()),
  );
}

/** Runs an example against the sources and resolves to what it prints. */
async function run(example: string): Promise<string[]> {
  const body = example
    .replace(/import type .*;\n/g, "")
    .replace(/import (\{[^}]*\}) from "@paroattn\/reorder";/g, "const $1 = reorder;")
    .replace(/import (\{[^}]*\}) from "@paroattn\/sparse-masks";/g, "const $1 = sparseMasks;");
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(format(...values)) };
  const main = new Function(
    "reorder",
    "sparseMasks",
    "console",
    `return (async () => {${outputText}})();`,
  );
  await main(reorder, sparseMasks, console);
  return lines;
}

describe("README", () => {
  it("has three examples", () => {
    expect(examples.length).toBe(3);
  });

  it.each(examples.map((example, index) => [index + 1, example] as const))(
    "example %i prints what it says",
    async (_, example) => {
      expect(promised(example).length).toBeGreaterThan(0);
      expect(await run(example)).toEqual(promised(example));
    },
  );
});
