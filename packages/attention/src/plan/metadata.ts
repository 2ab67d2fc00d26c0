import { z } from "zod";
import { PLAN_BLOCK_SIZE, PLAN_FORMAT_VERSION } from "./plan.js";

/** Key of the plan's JSON in the safetensors metadata. */
export const METADATA_KEY = "paroattn.plan";

const count = z.int().min(1);
const precision = z.enum(["f32", "bf16", "int8", "int4"]);

/** Sizes are capped, so that a forged file cannot ask for absurd tables. */
const MAX_SIDE = 1 << 20;

const layout = z.strictObject({
  frames: count.max(MAX_SIDE),
  height: count.max(MAX_SIDE),
  width: count.max(MAX_SIDE),
  textTokens: z.int().min(0).max(MAX_SIDE),
  textPosition: z.enum(["before", "after"]),
});

const share = z.number().gt(0).max(1);

/** The JSON beside a plan's tensors. */
export const planMetadata = z.strictObject({
  formatVersion: z.literal(PLAN_FORMAT_VERSION),
  architecture: z.string().min(1),
  weightsFingerprint: z.string(),
  layout,
  blockSize: z.literal(PLAN_BLOCK_SIZE),
  buckets: z.strictObject({ boundaries: z.array(z.number()), steps: z.array(count) }),
  criterion: z.literal("globalBudget"),
  density: z.strictObject({ asked: share, met: share }),
  precision: z.strictObject({ qk: precision, pv: z.enum([...precision.options, "fp8"]) }),
  selection: z.strictObject({
    alpha: z.number().min(0).max(1),
    sigma: z.number().min(0).max(1),
    epsilon: z.number().gt(0),
  }),
  calibration: z.strictObject({
    prompts: z.array(z.string()).min(1),
    seeds: z.array(z.int().min(0)),
  }),
  packages: z.record(z.string(), z.string()),
});

export type PlanMetadata = z.infer<typeof planMetadata>;
