import "./emulated.js";
import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as reorder from "@paroattn/reorder";
import * as sparseMasks from "@paroattn/sparse-masks";
import ts from "typescript";
import { expect, it } from "vitest";
import * as kernelsCuda from "../src/index.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] as string;
const modules: Readonly<Record<string, unknown>> = {
  "@paroattn/kernels-cuda": kernelsCuda,
  "@paroattn/reorder": reorder,
  "@paroattn/sparse-masks": sparseMasks,
};

it("the example prints what it says", async () => {
  const body = example.replace(/import \{([^}]*)\} from ("[^"]*");/g, "const {$1} = modules[$2];");
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const lines: string[] = [];
  const main = new Function("modules", "console", `return (async () => {${outputText}})();`);
  await main(modules, { log: (...values: unknown[]) => lines.push(format(...values)) });
  const promised = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(
    (match) => match[1],
  );
  expect(lines).toEqual(promised);
  expect(lines).toHaveLength(2);
});
