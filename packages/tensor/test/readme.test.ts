import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readExamples, runExample } from "../../../tools/readme/examples.mjs";
import * as tensor from "../src/index.js";

const examples = await readExamples(new URL("../README.md", import.meta.url));

it("has one example, which prints what it says", async () => {
  expect(examples).toHaveLength(1);
  const { code, promised } = examples[0]!;
  expect(promised).not.toHaveLength(0);
  const folder = await mkdtemp(join(tmpdir(), "tensor-readme-"));
  try {
    const there = code.replaceAll(
      '"weights.safetensors"',
      JSON.stringify(join(folder, "weights.safetensors")),
    );
    const modules = { "@paroattn/tensor": tensor };
    expect(await runExample(there, { modules })).toEqual(promised);
  } finally {
    await rm(folder, { recursive: true });
  }
});
