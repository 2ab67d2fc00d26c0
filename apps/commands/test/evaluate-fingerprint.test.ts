import { appendFile, cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { fingerprintModel } from "../src/evaluate/model-fingerprint.js";
import { installedSoftware } from "../src/evaluate/software.js";

const model = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "image-dit-model-")), "model");
  await cp(model, folder, { recursive: true });
});
afterAll(() => rm(join(folder, ".."), { recursive: true, force: true }));

const fingerprint = (signal = new AbortController().signal) =>
  fingerprintModel(folder, { signal, onProgress: () => {} });

it("tells a model from any other by what a pipeline reads", async () => {
  const first = await fingerprint();
  expect(await fingerprint()).toBe(first);
  await writeFile(join(folder, "README.md"), "words");
  expect(await fingerprint()).toBe(first);
  await appendFile(join(folder, "scheduler/scheduler_config.json"), "\n");
  const other = await fingerprint();
  expect(other).not.toBe(first);
  await rename(join(folder, "vae"), join(folder, "vae2"));
  expect(new Set([first, other, await fingerprint()]).size).toBe(3);
});

it("counts how far it is, and stops when told", async () => {
  const seen: number[] = [];
  const { signal } = new AbortController();
  await fingerprintModel(folder, { signal, onProgress: (done) => seen.push(done) });
  expect(seen.at(-1)).toBe(1);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  await expect(fingerprint(AbortSignal.abort())).rejects.toThrow(/abort/i);
});

it("names this project's packages, those below others too, and their code", async () => {
  const software = await installedSoftware(imageApp.module);
  expect(Object.keys(software.packages)).toEqual(
    expect.arrayContaining(["@paroattn/kernels-cpu", "@paroattn/sparse-masks"]),
  );
  for (const version of Object.values(software.packages)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(software.code).toMatch(/^[0-9a-f]{64}$/);
  expect(await installedSoftware(imageApp.module)).toEqual(software);
});
