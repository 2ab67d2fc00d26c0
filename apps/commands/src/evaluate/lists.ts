import { precisionName } from "@paroattn/attention";
import { InvalidArgumentError } from "commander";
import { parsedBy, schemas } from "../options.js";
import { STRATEGIES, type StrategyName } from "./combinations.js";

/** A commander argument parser for "a,b,c": each part is parsed, and what is named twice is taken once. */
export function listOf<T extends string | number>(
  parse: (text: string) => T,
): (text: string) => readonly T[] {
  return (text) => [...new Set(text.split(",").map((part) => parse(part.trim())))];
}

function parseStrategy(text: string): StrategyName {
  const known = STRATEGIES.find((name) => name === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`Expected some of ${STRATEGIES.join(", ")} but found '${text}'.`);
}

/** The shortest name of the precision that a text names. */
function parsePrecision(text: string): string {
  return precisionName(parsedBy(schemas.precision)(text));
}

function parsePath(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Expected files or folders but found an empty name.");
}

/** The lists of `evaluate`. */
export const lists = {
  strategies: listOf(parseStrategy),
  densities: listOf(parsedBy(schemas.density)),
  precisions: listOf(parsePrecision),
  seeds: listOf(parsedBy(schemas.seed)),
  paths: listOf(parsePath),
} as const;
