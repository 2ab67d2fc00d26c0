import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as attention from "@paroattn/attention";
import * as backend from "@paroattn/backend";
import ts from "typescript";
import { expect, it } from "vitest";
import * as pipelines from "../src/index.js";
import { fixtures } from "./fixtures.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string);

/** What an example says it prints: the comment behind a line that logs, or on the line below it. */
function promised(example: string): string[] {
  return [
    ...example.matchAll(/console\.log\(.*\);\n?\/\/ (.*)$|console\.log\(.*\); \/\/ (.*)$/gm),
  ].map((match) => (match[1] ?? match[2]) as string);
}

it("the example prints what it says", async () => {
  expect(examples).toHaveLength(1);
  const modules: Readonly<Record<string, unknown>> = {
    "@paroattn/attention": attention,
    "@paroattn/backend": backend,
    "@paroattn/pipelines": pipelines,
  };
  const lines: string[] = [];
  const body = examples[0]!
    .replace(/import \{([^}]*)\} from ("[^"]*");/g, "const {$1} = modules[$2];")
    .replace('"fixtures/', JSON.stringify(fixtures).slice(0, -1));
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const main = new Function("modules", "console", `return (async () => {${outputText}})();`);
  await main(modules, { log: (...values: unknown[]) => lines.push(format(...values)) });
  const [progress, results] = [/^(text|denoise|decode) \d\/\d$/, lines] as const;
  expect(results.filter((line) => progress.test(line))).toHaveLength(2 + 9 + 3);
  expect(results.filter((line) => !progress.test(line))).toEqual(promised(examples[0]!));
  expect(promised(examples[0]!)).toHaveLength(5);
});
