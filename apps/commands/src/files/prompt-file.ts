import { createReadStream } from "node:fs";
import { TextDecoder } from "node:util";
import { UsageError } from "../terminal/run-command.js";

/** Far more than anybody draws; a device such as /dev/zero has no end. */
const MOST_BYTES = 16 * 1024 ** 2;

/**
 * Lines of a prompt file that are not blank. UTF-8, with or without a byte order mark.
 *
 * @throws UsageError where the file cannot be read, is not text, is above 16 MB or holds none.
 */
export async function readPromptFile(file: string): Promise<string[]> {
  const text = decodeText(await readBytes(file), file);
  const prompts = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (prompts.length === 0) {
    throw new UsageError(`Expected at least one prompt, one a line, in ${file} but found none`);
  }
  return prompts;
}

async function readBytes(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MOST_BYTES) throw new Error("it is larger than 16 MB");
      chunks.push(chunk);
    }
  } catch (error) {
    throw new UsageError(
      `Expected a text file of prompts but found ${file}: ${error instanceof Error ? error.message : error}`,
    );
  }
  return Buffer.concat(chunks);
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
