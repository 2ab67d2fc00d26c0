import * as reorder from "@paroattn/reorder";
import * as sparseMasks from "@paroattn/sparse-masks";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as kernelsCpu from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const modules = {
  "@paroattn/kernels-cpu": kernelsCpu,
  "@paroattn/reorder": reorder,
  "@paroattn/sparse-masks": sparseMasks,
};

it("has one example", () => {
  expect(examples).toHaveLength(1);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(promised).not.toHaveLength(0);
  expect(await runExample(code, { modules })).toEqual(promised);
});
