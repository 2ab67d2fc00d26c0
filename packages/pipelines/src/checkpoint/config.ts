import { join } from "node:path";
import type { z } from "zod";
import { PipelineError } from "../errors.js";
import { readJsonFile } from "./json-file.js";

/**
 * Reads and checks one JSON file of a checkpoint folder. Keys that the schema does not name are ignored.
 *
 * @throws PipelineError naming the file, the key, what was expected and what was found.
 */
export async function readConfig<T>(options: {
  readonly folder: string;
  /** Path inside the folder, such as "transformer/config.json". */
  readonly file: string;
  readonly schema: z.ZodType<T>;
}): Promise<T> {
  const path = join(options.folder, options.file);
  return parseConfig({ value: await readJsonFile(path), schema: options.schema, where: path });
}

/** Checks a value against a schema; every issue is told. `where` names the value in the error. */
export function parseConfig<T>(options: {
  readonly value: unknown;
  readonly schema: z.ZodType<T>;
  readonly where: string;
}): T {
  const result = options.schema.safeParse(options.value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => describeIssue(issue, options.value));
  throw new PipelineError(`${lines.join("; ")} in ${options.where}`, { cause: result.error });
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const key = issue.path.length === 0 ? "the file" : issue.path.join(".");
  return `Expected ${key} ${expectation(issue)} but found ${describe(at(value, issue.path))}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `to be ${issue.values.map((value) => describe(value)).join(" or ")}`;
    case "invalid_type":
      return `to be of type ${issue.expected}`;
    case "custom":
      return issue.message;
    case "invalid_union":
      return "to be of another type or value";
    default:
      return `to pass the check "${issue.message}"`;
  }
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return value.length > 60 ? `${value.slice(0, 60)}...` : value;
  if (typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
