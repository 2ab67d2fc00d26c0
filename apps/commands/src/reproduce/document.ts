import { readFile } from "node:fs/promises";
import { writeFileAtomically } from "@paroattn/tensor";
import { UsageError } from "../terminal/run-command.js";
import type { Reproduction } from "./result.js";
import { markdownTables } from "./tables.js";

const BEGIN = "<!-- npm run reproduce writes this, from the result that is kept beside it -->";
const END = "<!-- end of the results -->";

/** A Markdown file with a place for tables. */
interface Document {
  readonly text: string;
  /** The text with a result's tables in their place. */
  with(result: Reproduction): string;
}

/**
 * Reads a Markdown file whose tables are between two markers.
 *
 * @throws UsageError where the file cannot be read or lacks the markers.
 */
export async function readDocument(file: string): Promise<Document> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new UsageError(`Expected a Markdown file for the tables but found ${error.message}`);
  });
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new UsageError(`Expected the lines ${BEGIN} and ${END} in ${file} but found none`);
  }
  return {
    text,
    with: (result) =>
      `${text.slice(0, begin)}${BEGIN}\n\n${markdownTables(result)}\n\n${text.slice(end)}`,
  };
}

/** Brings the tables of a Markdown file up to a result. Throws as `readDocument`, and the file system's error. */
export async function writeTables(file: string, result: Reproduction): Promise<void> {
  const document = await readDocument(file);
  const data = document.with(result);
  if (data !== document.text) await writeFileAtomically(file, { data });
}
