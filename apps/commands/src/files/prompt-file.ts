import { readFile } from "node:fs/promises";
import { TextDecoder } from "node:util";
import { UsageError } from "../terminal/run-command.js";

/**
 * Lines of a prompt file that are not blank. UTF-8, with or without a byte order mark.
 *
 * @throws UsageError where the file cannot be read, is not text or holds none.
 */
export async function readPromptFile(file: string): Promise<string[]> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new UsageError(`Expected a text file of prompts but found ${file}: ${error.message}`);
  });
  const text = decodeText(bytes, file);
  const prompts = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (prompts.length === 0) {
    throw new UsageError(`Expected at least one prompt, one a line, in ${file} but found none`);
  }
  return prompts;
}

/** What is not UTF-8 would become other characters in silence, and another picture. */
function decodeText(bytes: Uint8Array, file: string): string {
  const refuse = (found: string) =>
    new UsageError(`Expected prompts as UTF-8 text in ${file} but found ${found}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("bytes that are none");
  }
  if (text.includes("\0")) throw refuse("NUL characters, as in UTF-16");
  return text;
}
