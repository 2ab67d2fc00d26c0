import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as backend from "@paroattn/backend";
import * as reorder from "@paroattn/reorder";
import * as tensor from "@paroattn/tensor";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as attention from "../src/index.js";

const packages = { attention, backend, reorder, tensor };
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

/** What an example says it prints: the comment behind each console.log. */
function promised(example: string): string[] {
  return [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]!);
}

/** Runs an example against the sources and returns what it prints. */
async function run(example: string): Promise<string[]> {
  const body = example.replace(
    /import \{([^}]*)\} from "@paroattn\/(\w+)";/g,
    (_, names: string, from: string) =>
      `const {${names.replace(/,?\s*type \w+/g, "")}} = packages.${from};`,
  );
  const { outputText } = ts.transpileModule(`async function main() {${body}}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(format(...values)), warn() {} };
  await new Function("packages", "console", `${outputText}; return main();`)(packages, console);
  return lines;
}

describe("README", () => {
  it("has an example", () => {
    expect(examples.length).toBe(1);
  });

  it.each(examples)("prints what it says", async (example) => {
    expect(promised(example).length).toBe(4);
    expect(await run(example)).toEqual(promised(example));
  });
});
