import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import * as sampleImage from "../src/index.js";

it("the README's example prints what it says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.map(String).join(" "));
  const body = code.replace(
    /^import (\{.*?\}) from "@paroattn\/sample-image";/ms,
    "const $1 = sampleImage;",
  );
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  await AsyncFunction("sampleImage", "console", body)(sampleImage, { log });
  const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(promised.length).toBeGreaterThan(0);
  expect(printed).toEqual(promised);
});
