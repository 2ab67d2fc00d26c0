import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import { BLOCK_SIZE } from "@paroattn/reorder";
import { z } from "zod";

/** `format` in the metadata of every plan file. */
export const PLAN_FORMAT = "paroattn.plan";

/** Goes up when an older reader would misread a newer file. */
export const PLAN_VERSION = "1";

const count = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(1);
const density = z.number().gt(0).max(1);
const textOnlyShare = density.exactOptional();

function goesTogether(precision: AttentionPrecision): boolean {
  try {
    resolvePrecision(precision);
    return true;
  } catch {
    return false;
  }
}

export const layoutSchema = z.object({
  frames: count,
  height: count,
  width: count,
  textTokens: z.int().min(0).max(1_000_000),
  textPosition: z.enum(["before", "after"]),
});

/** What a model drew while it was watched. */
export const calibrationSchema = z
  .object({
    prompts: z.array(z.string()).min(1),
    seeds: z.array(z.int()),
    settings: z.record(z.string(), z.number()).exactOptional(),
  })
  .refine(({ prompts, seeds }) => prompts.length === seeds.length, "expected a seed per prompt");

/** What a plan file holds beside its two tensors, as JSON under the metadata key `plan`. */
export const planSchema = z.object({
  architecture: z.string().min(1),
  weightsFingerprint: z.string(),
  layers: count,
  heads: count,
  layout: layoutSchema,
  blockSize: z.literal(BLOCK_SIZE),
  buckets: z.object({ boundaries: z.array(z.number()), steps: z.array(count).min(1) }),
  criterion: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("globalBudget"),
      threshold: z.number().min(0),
      tieShare: share,
      floor: share,
      textOnlyShare,
    }),
    z.object({ kind: z.literal("headDensity"), textOnlyShare }),
    z.object({ kind: z.literal("threshold"), threshold: z.number().min(0), textOnlyShare }),
    z.object({ kind: z.literal("topP"), mass: density, textOnlyShare }),
  ]),
  density: z.object({ asked: density, met: density }),
  precision: z
    .object({
      qk: z.enum(["f32", "f16", "bf16", "int8", "int4"]),
      pv: z.enum(["f32", "f16", "bf16", "int8", "int4", "fp8"]),
      probabilityGroup: z.enum(["tile", "tileRow", "row"]).exactOptional(),
      probabilityRange: z.enum(["u7", "u8", "u4"]).exactOptional(),
      valueScale: z.enum(["channelBlock", "rank1"]).exactOptional(),
      keySmoothing: z.boolean().exactOptional(),
    })
    .refine(goesTogether, "expected choices that go together"),
  scoring: z.object({
    orders: z.enum(["chosen", "forced"]),
    alpha: share,
    sigma: share,
    epsilon: z.number().gt(0),
  }),
  calibration: calibrationSchema,
  packages: z.record(z.string(), z.string()),
});

export type PlanMetadata = z.infer<typeof planSchema>;
