import * as attention from "@paroattn/attention";
import * as kernelsCpu from "@paroattn/kernels-cpu";
import * as sampleImage from "@paroattn/sample-image";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as pipelines from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const modules = {
  "@paroattn/attention": attention,
  "@paroattn/kernels-cpu": kernelsCpu,
  "@paroattn/pipelines": pipelines,
  "@paroattn/sample-image": sampleImage,
};

it("has one example", () => {
  expect(examples).toHaveLength(1);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(promised).toHaveLength(7);
  expect(await runExample(code, { modules })).toEqual(promised);
});
