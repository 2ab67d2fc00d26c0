import * as backend from "@paroattn/backend";
import * as reorder from "@paroattn/reorder";
import * as tensor from "@paroattn/tensor";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as attention from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const modules = {
  "@paroattn/attention": attention,
  "@paroattn/backend": backend,
  "@paroattn/reorder": reorder,
  "@paroattn/tensor": tensor,
};

it("has one example", () => {
  expect(examples).toHaveLength(1);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(promised).not.toHaveLength(0);
  expect(await runExample(code, { modules })).toEqual(promised);
});
