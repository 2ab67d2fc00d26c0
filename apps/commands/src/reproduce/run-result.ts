import { z } from "zod";

const milliseconds = z.number().nonnegative();

/** Self-attention (front and kernel) and the denoising loop of one run. */
const timesSchema = z.object({ attentionMs: milliseconds, loopMs: milliseconds });

/** The dense fp32 drawing of one prompt and seed, with which all rows are compared. */
export const referenceSchema = z.object({
  /** Name in the store of drawings. */
  picture: z.string(),
  /** What the caption checker says; null for a prompt that it cannot read. */
  captionRight: z.boolean().nullable(),
  measuredAt: z.string(),
});

export type Reference = z.infer<typeof referenceSchema>;

/** One row's drawing of one prompt and seed. */
export const runResultSchema = z.object({
  /** Executed query-key pairs / all of them. */
  density: z.number(),
  /** Whether the precision was simulated, so that its times say nothing. */
  simulated: z.boolean(),
  /** In dB; null where the two are the same, byte by byte. */
  psnr: z.number().nullable(),
  ssim: z.number(),
  cosine: z.number(),
  relativeL1: z.number(),
  captionRight: z.boolean().nullable(),
  times: timesSchema,
  /** Of the dense run drawn next to it; null where none was. */
  denseTimes: timesSchema.nullable(),
  picture: z.string(),
  /** ISO 8601. */
  measuredAt: z.string(),
});

export type RunResult = z.infer<typeof runResultSchema>;
