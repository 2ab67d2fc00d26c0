import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as tensorPackage from "../src/index.js";

it("the README's example prints what it says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const folder = await mkdtemp(join(tmpdir(), "tensor-readme-"));
  const printed: string[] = [];
  const log = (...values: unknown[]) => {
    const texts = values.map((value) =>
      typeof value === "string" ? value : JSON.stringify(value),
    );
    printed.push(texts.join(" "));
  };
  const body = code
    .replace(/^import (\{.*?\}) from "@paroattn\/tensor";/ms, "const $1 = tensorPackage;")
    .replaceAll('"weights.safetensors"', JSON.stringify(join(folder, "weights.safetensors")));
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  try {
    await AsyncFunction("tensorPackage", "console", body)(tensorPackage, { log });
  } finally {
    await rm(folder, { recursive: true });
  }
  const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(promised.length).toBeGreaterThan(0);
  expect(printed).toEqual(promised);
});
