import { readFile } from "node:fs/promises";
import { UsageError } from "../terminal/run-command.js";

/**
 * Lines of a prompt file that are not blank.
 *
 * @throws UsageError where the file cannot be read or holds none.
 */
export async function readPromptFile(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new UsageError(`Expected a text file of prompts but found ${file}: ${error.message}`);
  });
  const prompts = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (prompts.length === 0) {
    throw new UsageError(`Expected at least one prompt, one a line, in ${file} but found none`);
  }
  return prompts;
}
