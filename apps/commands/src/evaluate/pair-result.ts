import { z } from "zod";

const milliseconds = z.number().nonnegative();

/** One picture or video of one combination beside the dense one of the same prompt and seed. */
export const pairResultSchema = z.object({
  /** Executed query-key pairs / all of them. */
  density: z.number(),
  /** Whether the precision was simulated, so that its times say nothing. */
  simulated: z.boolean(),
  /** In dB; null where the two are the same, byte by byte. */
  psnr: z.number().nullable(),
  ssim: z.number(),
  cosine: z.number(),
  relativeL1: z.number(),
  /** What the caption checker says; null for a prompt that is no caption of its scenes. */
  captionRight: z.boolean().nullable(),
  denseCaptionRight: z.boolean().nullable(),
  attentionMs: milliseconds,
  loopMs: milliseconds,
  denseAttentionMs: milliseconds,
  denseLoopMs: milliseconds,
  /** Names in the store of drawings. */
  picture: z.string(),
  densePicture: z.string(),
  /** When it was measured, ISO 8601. */
  measuredAt: z.string(),
});

export type PairResult = z.infer<typeof pairResultSchema>;
