import { readFile } from "node:fs/promises";
import { type TokenLayout, videoLayout } from "@paroattn/reorder";
import { writeFileAtomically } from "@paroattn/tensor";
import { z } from "zod";
import { PlanError } from "../errors.js";
import type { ModelShape } from "../model-match.js";
import { asPlanError } from "../plan/decode.js";
import { calibrationSchema, layoutSchema } from "../plan/schema.js";
import type { WindowWidth } from "../window/window-mask.js";
import { SHARING_METHODS, type SharingMethod } from "./sharing-method.js";

const FORMAT = "paroattn.sharing-plan";
const VERSION = "1";

/** What DiTFastAttn does at each step and layer of one model at one size, with one schedule of timesteps. */
export interface SharingPlan extends ModelShape {
  /** SHA-256 of the weights that were searched with. */
  readonly weightsFingerprint: string;
  /** Training timestep of each step. */
  readonly timesteps: readonly number[];
  readonly window: WindowWidth;
  /** Delta: how far the last layer's choice may move the model's output; earlier layers less. */
  readonly threshold: number;
  /** [steps][layers]; fewer steps than timesteps where the search is not finished. */
  readonly methods: readonly (readonly SharingMethod[])[];
  /** What the model drew while it was searched. Evaluation must use others. */
  readonly calibration: {
    readonly prompts: readonly string[];
    readonly seeds: readonly number[];
    readonly settings?: Readonly<Record<string, number>>;
  };
}

const count = z.int().min(1).max(1_000_000);
const positive = z.number().gt(0);

const schema = z
  .object({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    architecture: z.string().min(1),
    weightsFingerprint: z.string(),
    layers: count,
    heads: count,
    layout: layoutSchema,
    timesteps: z.array(z.number()).min(1),
    window: z.union([
      z.strictObject({ fraction: positive.max(2) }),
      z.strictObject({ density: positive.max(1) }),
    ]),
    threshold: positive,
    methods: z.array(z.array(z.enum(SHARING_METHODS))),
    calibration: calibrationSchema,
  })
  .superRefine(({ layers, timesteps, methods }, context) => {
    const message = faultOf({ layers, timesteps, methods });
    if (message !== undefined) context.addIssue({ code: "custom", path: ["methods"], message });
  });

/** What is wrong with the methods, if anything: their number, or that they go by what was never computed. */
export function faultOf(
  plan: Pick<SharingPlan, "layers" | "timesteps" | "methods">,
): string | undefined {
  const { layers, timesteps, methods } = plan;
  if (methods.length > timesteps.length) {
    return `expected methods for ${timesteps.length} steps but found ${methods.length}`;
  }
  const ragged = methods.findIndex((row) => row.length !== layers);
  if (ragged !== -1) {
    return `expected ${layers} layers but found ${methods[ragged]!.length} at step ${ragged}`;
  }
  const early = methods[0]?.findIndex((method) => method !== "full" && method !== "shareGuidance");
  if (early === undefined || early === -1) return undefined;
  return `expected attention in full at step 0 but found ${methods[0]![early]} in layer ${early}`;
}

/** The plan in a JSON text. Throws a `PlanError` that names what was expected and what was found. */
export function parseSharingPlan(text: string): SharingPlan {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PlanError({ expected: "a sharing plan in JSON", found: "other text", cause });
  }
  const { data, error } = schema.safeParse(json);
  if (data === undefined) {
    const issue = error.issues[0];
    throw new PlanError({
      expected: "a sharing plan",
      found: `${issue?.path.join(".") || "its whole"}: ${issue?.message.slice(0, 200)}`,
      cause: error,
    });
  }
  const { format: _format, version: _version, layout, ...plan } = data;
  return { ...plan, layout: checkedLayout(layout) };
}

/** Reads a plan, finished or not. Throws a `PlanError` with the path. */
export async function readSharingPlan(path: string): Promise<SharingPlan> {
  try {
    return parseSharingPlan(await readFile(path, "utf8"));
  } catch (cause) {
    if (PlanError.isInstance(cause)) throw cause.at(path);
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError({ expected: "a sharing plan that can be read", found, path, cause });
  }
}

/**
 * Writes a plan as JSON, one line a step: under a temporary name, then renamed. Throws a `PlanError` for one that could not be
 * read again and a `SafetensorsError` for a path it cannot write.
 */
export async function writeSharingPlan(path: string, plan: SharingPlan): Promise<void> {
  const { methods, ...rest } = plan;
  const head = JSON.stringify({ format: FORMAT, version: VERSION, ...rest }, undefined, 2);
  const rows = methods.map((row) => `    ${JSON.stringify(row)}`).join(",\n");
  const text = `${head.slice(0, -2)},\n  "methods": [\n${rows}\n  ]\n}\n`;
  parseSharingPlan(text);
  await writeFileAtomically(path, { data: text });
}

function checkedLayout(layout: TokenLayout): TokenLayout {
  try {
    return videoLayout(layout);
  } catch (error) {
    throw asPlanError(error);
  }
}
