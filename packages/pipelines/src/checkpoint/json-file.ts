import { readFile } from "node:fs/promises";
import { expected } from "../errors.js";

/**
 * Reads a JSON file as Python writes it: `Infinity`, `-Infinity` and `NaN` may stand for numbers.
 *
 * @throws PipelineError if the file is missing or is not JSON.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw expected({
      expected: "a JSON file",
      found: cause.code === "ENOENT" ? "no such file" : cause.message,
      where: path,
      cause,
    });
  });
  try {
    return parsePythonJson(text);
  } catch (cause) {
    const found =
      text.trim() === "" ? "an empty file" : cause instanceof Error ? cause.message : String(cause);
    throw expected({ expected: "JSON", found, where: path, cause });
  }
}

/** diffusers saves `lambda_min_clipped: -Infinity`, which is no JSON; 1e999 parses to Infinity. */
function parsePythonJson(text: string): unknown {
  const standard = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (found) => {
    if (found.startsWith('"')) return found;
    if (found === "NaN") return "null";
    return found === "Infinity" ? "1e999" : "-1e999";
  });
  return JSON.parse(standard);
}
