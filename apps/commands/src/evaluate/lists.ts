import { precisionName } from "@paroattn/attention";
import { InvalidArgumentError } from "commander";
import { listOf, parsedBy, schemas } from "../options.js";

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
  densities: listOf(parsedBy(schemas.density)),
  precisions: listOf(parsePrecision),
  seeds: listOf(parsedBy(schemas.seed)),
  paths: listOf(parsePath),
} as const;
