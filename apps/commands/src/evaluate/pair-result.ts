import { z } from "zod";

const milliseconds = z.number().nonnegative();

/** How far objects are from those of the dense video, and from the way that the caption names; null where it cannot be told. */
const motionSchema = z.object({
  reference: z.number().nullable(),
  caption: z.number().nullable(),
});

/** One picture or video of one combination beside the dense one of the same prompt and seed. */
export const pairResultSchema = z.object({
  /** Executed query-key pairs / all of them. */
  density: z.number(),
  /** Sites that were answered with dense attention / all of them. */
  denseShare: z.number(),
  /** Most bytes that the strategy kept from one site to another. */
  cacheBytes: z.number(),
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
  /** Of a video's objects, in pixels, mean over frames: see `MotionError`. */
  motion: motionSchema,
  denseMotion: motionSchema,
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
