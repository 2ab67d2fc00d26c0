import { readFileSync } from "node:fs";
import { format } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as quant from "../src/index.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);

/** What an example says it prints: the comment behind each console.log, or the comment lines below it. */
function promised(example: string): string[] {
  return [...example.matchAll(/console\.log\(.*\);((?: \/\/ .*)|(?:\n\/\/ .*)+)$/gm)].flatMap(
    (match) =>
      (match[1] as string)
        .split("//")
        .slice(1)
        .map((line) => line.trim()),
  );
}

/** Runs an example against the sources and returns what it prints. */
function run(example: string): string[] {
  const body = example.replace(/import (\{[^}]*\}) from "@paroattn\/quant";/g, "const $1 = quant;");
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(format(...values)) };
  new Function("quant", "console", outputText)(quant, console);
  return lines;
}

describe("README", () => {
  it("has three examples", () => {
    expect(examples.length).toBe(3);
  });

  it.each(examples.map((example, index) => [index + 1, example] as const))(
    "example %i prints what it says",
    (_, example) => {
      expect(promised(example).length).toBeGreaterThan(0);
      expect(run(example)).toEqual(promised(example));
    },
  );
});
