import { PRECISION_NAMES, precisionFromName } from "@paroattn/attention";
import { InvalidArgumentError, Option } from "commander";
import { z } from "zod";

/** Turns a zod schema into a commander argument parser: the message tells what was expected and what was found. */
export function parsedBy<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    throw new InvalidArgumentError(
      `${result.error.issues[0]?.message ?? "invalid value"} but found '${text}'.`,
    );
  };
}

/** Number("") is 0, so an empty text must not get that far. */
const numeric = z
  .string()
  .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "Expected a number")
  .transform(Number)
  .pipe(z.number("Expected a finite number"));

function wholeNumber(minimum: number, maximum: number) {
  const message = `Expected a whole number from ${minimum} to ${maximum}`;
  return numeric.pipe(z.number().int(message).min(minimum, message).max(maximum, message));
}

const precision = z.string().transform((text, context) => {
  try {
    return precisionFromName(text);
  } catch {
    const message = `Expected ${PRECISION_NAMES.join(", ")}, with choices as in int8:tileRow:u8:rank1`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }
});

export const LARGEST_SEED = 2 ** 32 - 1;

export const schemas = {
  steps: wholeNumber(1, 1000),
  seed: wholeNumber(0, LARGEST_SEED),
  size: wholeNumber(1, 65_536),
  count: wholeNumber(1, 10_000),
  index: wholeNumber(0, 9999),
  threads: wholeNumber(1, 1024),
  guidance: numeric.pipe(z.number().min(1, "Expected a guidance of at least 1")),
  density: numeric.pipe(
    z.number().gt(0, "Expected a density in (0, 1]").max(1, "Expected a density in (0, 1]"),
  ),
  precision,
  alpha: numeric.pipe(
    z.number().min(0, "Expected alpha in [0, 1]").max(1, "Expected alpha in [0, 1]"),
  ),
} as const;

const option =
  <T>(flags: string, description: string, schema: z.ZodType<T>) =>
  () =>
    new Option(flags, description).argParser(parsedBy(schema));

/** Options that several commands share, a new one at each call. */
export const commonOptions = {
  model: () =>
    new Option(
      "--model <folder>",
      "diffusers folder, or owner/name of the hub (default: the sample model)",
    ),
  steps: option("--steps <number>", "sampling steps (default: 20)", schemas.steps),
  guidance: option(
    "--guidance <scale>",
    "guidance scale (default: 3 for the sample model, else 4.5)",
    schemas.guidance,
  ),
  width: option("--width <pixels>", "default: the model's", schemas.size),
  height: option("--height <pixels>", "default: the model's", schemas.size),
  threads: option("--threads <number>", "default: all cores", schemas.threads),
} as const;
