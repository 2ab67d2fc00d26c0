import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPromptFile } from "../src/files/prompt-file.js";

describe("readPromptFile", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "prompt-file-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("gives the lines that are not blank", async () => {
    const file = join(folder, "prompts.txt");
    await writeFile(file, "\uFEFFa red circle\r\n\n  a blue square  \n");
    expect(await readPromptFile(file)).toEqual(["a red circle", "a blue square"]);
  });

  it.each(["/dev/zero", "/dev/urandom"])("does not read without end: %s", async (file) => {
    await expect(readPromptFile(file)).rejects.toThrow(
      `Expected a text file of prompts but found ${file}: it is larger than 16 MB`,
    );
  });
});
