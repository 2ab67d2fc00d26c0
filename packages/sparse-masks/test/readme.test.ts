import * as reorder from "@paroattn/reorder";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as sparseMasks from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const modules = {
  "@paroattn/reorder": reorder,
  "@paroattn/sparse-masks": sparseMasks,
};

it("has three examples", () => {
  expect(examples).toHaveLength(3);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(promised).not.toHaveLength(0);
  expect(await runExample(code, { modules })).toEqual(promised);
});
