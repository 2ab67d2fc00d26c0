import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as sampleVideo from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));
const modules = { "@paroattn/sample-video": sampleVideo };

it("has one example", () => {
  expect(examples).toHaveLength(1);
});

it.each(examples)("example %# prints what it says", async ({ code, promised }) => {
  expect(promised).not.toHaveLength(0);
  expect(await runExample(code, { modules })).toEqual(promised);
});
