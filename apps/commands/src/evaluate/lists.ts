import { precisionName } from "@paroattn/attention";
import { InvalidArgumentError } from "commander";
import { listOf, parsedBy, schemas } from "../options.js";
import { STRATEGIES, type StrategyName } from "./combinations.js";

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
