import { PRECISION_NAMES, precisionFromName } from "@paroattn/attention";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import type { App } from "./app.js";

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

/** A commander argument parser for "a,b,c": each part is parsed, and what is named twice is taken once. */
export function listOf<T extends string | number>(
  parse: (text: string) => T,
): (text: string) => readonly T[] {
  return (text) => [...new Set(text.split(",").map((part) => parse(part.trim())))];
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
  warmUp: wholeNumber(0, 1000),
  seed: wholeNumber(0, LARGEST_SEED),
  size: wholeNumber(1, 65_536),
  frames: wholeNumber(1, 65_536),
  fps: numeric.pipe(
    z
      .number()
      .min(0.1, "Expected 0.1 to 120 frames a second")
      .max(120, "Expected 0.1 to 120 frames a second"),
  ),
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

const option = <T>(flags: string, description: string, schema: z.ZodType<T>) =>
  new Option(flags, description).argParser(parsedBy(schema));

/** Options that several commands of an app share, new ones at each call. */
export function commonOptions(app: App) {
  const { kind, sample, defaults } = app;
  const ofModel = (name: "steps" | "guidance") =>
    sample === undefined || sample[name] === defaults[name]
      ? String(defaults[name])
      : `${sample[name]} for the sample model, else ${defaults[name]}`;
  return {
    model: new Option(
      "--model <folder>",
      `diffusers folder, or owner/name of the hub${sample === undefined ? "" : " (default: the sample model)"}`,
    ),
    steps: option(
      "--steps <number>",
      `sampling steps (default: ${ofModel("steps")})`,
      schemas.steps,
    ),
    guidance: option(
      "--guidance <scale>",
      `guidance scale (default: ${ofModel("guidance")})`,
      schemas.guidance,
    ),
    /** What a drawing measures. */
    size: [
      option("--width <pixels>", "default: the model's", schemas.size),
      option("--height <pixels>", "default: the model's", schemas.size),
      ...(kind === "video"
        ? [option("--frames <number>", "default: the model's", schemas.frames)]
        : []),
    ],
    threads: option("--threads <number>", "default: all cores", schemas.threads),
  } as const;
}

/** Adds options to a command, in their order. */
export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const one of options) command.addOption(one);
  return command;
}
