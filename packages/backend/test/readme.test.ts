import * as reorder from "@paroattn/reorder";
import * as sparseMasks from "@paroattn/sparse-masks";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as conformance from "../src/conformance/index.js";
import * as backend from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const declared: { name: string; body: () => Promise<void> }[] = [];
const modules = {
  "@paroattn/backend": backend,
  "@paroattn/backend/conformance": conformance,
  "@paroattn/reorder": reorder,
  "@paroattn/sparse-masks": sparseMasks,
  vitest: {
    describe: (_: string, body: () => void) => body(),
    it: (name: string, body: () => Promise<void>) => declared.push({ name, body }),
  },
};

it("has four examples, one of them a test file", () => {
  expect(examples.map(({ promised }) => promised.length)).toEqual([4, 0, 2, 1]);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(await runExample(code, { modules })).toEqual(promised);
});

it("the example of a test file declares the suite", async () => {
  declared.length = 0;
  await runExample(examples[1]!.code, { modules });
  expect(declared.map(({ name }) => name)).toEqual(
    conformance.conformanceCases().map(({ name }) => name),
  );
  await declared[0]!.body();
});
