import type { AttentionReport, AttentionStrategy } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import type { Tensor } from "@paroattn/tensor";
import type { Picture } from "./fidelity/picture.js";
import type { OnSpan } from "./profile/spans.js";

export interface LoadPipelineOptions {
  /** Where the weights live and the work is done. The pipeline does not dispose of it. */
  readonly backend: Backend;
  /** Whether the checkpoint must draw pictures or videos; another is refused. Default: either. */
  readonly kind?: "image" | "video";
  /** How self-attention is computed, unless a call of `generate` says otherwise. */
  readonly attention: AttentionStrategy;
  /**
   * `keep` (default) loads all weights at once and holds them until `dispose`; `eager` loads each component when its
   * stage begins and frees it after, so that the text encoder's memory is free while the picture is drawn.
   */
  readonly residency?: "keep" | "eager";
  /** Which copy of the weights to take, such as "fp16". Default: the plain one, or the only one there is. */
  readonly variant?: string;
  /** Stops the loading, within a tensor too; what was loaded is freed, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How far the loading is, stage "load"; nothing with `eager`, which loads later. */
  readonly onProgress?: (progress: GenerateProgress) => void;
  /** What the loading of each component cost in time; nothing with `eager`. */
  readonly onSpan?: OnSpan;
}

/** How far a call is. */
export interface GenerateProgress {
  /**
   * `load`: weights are read and taken to the device, by `loadPipeline` or, with `eager`, by `generate` where a stage
   * needs them. `fingerprint`: a strategy asked for the hash of the weights.
   */
  readonly stage: "load" | "fingerprint" | "text" | "denoise" | "decode";
  /**
   * Steps done in this stage, over all pictures of the call, and how many there will be. Bytes for `load` and
   * `fingerprint`.
   */
  readonly step: number;
  readonly steps: number;
  /** Share of this stage that is done, 0 to 1; it grows within a step too, with every layer that has run. */
  readonly done: number;
}

export interface GenerateOptions {
  /** One prompt, or several for several pictures. An empty one is valid; of one, 10,000 characters are looked at. */
  readonly prompt: string | readonly string[];
  /** What the pictures should not show. Default: "". */
  readonly negativePrompt?: string;
  /** Pictures per prompt. Default: 1. */
  readonly count?: number;
  /**
   * Seed of the first picture, a whole number from 0 to 2^53 - 1; the next pictures have the seeds after it, each as if it
   * were drawn alone. Default: a random one.
   */
  readonly seed?: number;
  /** Steps of the sampling loop, 1 to 1000. Default: 20 for pictures, 50 for videos. */
  readonly steps?: number;
  /** Scale of classifier-free guidance; at 1 or less there is none, and half of the work. Default: 4.5 for PixArt, 6 for CogVideoX. */
  readonly guidance?: number;
  /** Size in pixels, multiples of `pipeline.sizeMultiple`. Default: the model's own. */
  readonly width?: number;
  readonly height?: number;
  /**
   * Frames of a video, one more than a multiple of what the model's autoencoder makes of two latent frames (for CogVideoX,
   * of 8). Default: the model's own; 1 for pictures.
   */
  readonly frames?: number;
  /** Let the guidance swing over the steps, as diffusers' `use_dynamic_cfg` does. Default: false. */
  readonly dynamicGuidance?: boolean;
  /** Clean prompts as diffusers does by default for PixArt. Default: true for PixArt, false for CogVideoX. */
  readonly cleanCaption?: boolean;
  /** Strategy for this call. Default: the pipeline's. */
  readonly attention?: AttentionStrategy;
  /** Initial noise instead of the seed's: f32 [pictures, latent channels, height, width], of videos [videos, latent frames, latent channels, height, width]. */
  readonly latents?: Tensor<"f32">;
  /** Pictures drawn together; more may be faster and may change last bits. Default: 1. */
  readonly batchSize?: number;
  /** Stops the call within a long operator; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GenerateProgress) => void;
  /** Where the time goes: each stage and each part of one, when it ends. Costs a wait at the end of each; off by default. */
  readonly onSpan?: OnSpan;
  /** What a person should know, such as that a prompt was cut. */
  readonly onWarning?: (message: string) => void;
}

export interface GenerateTimings {
  readonly textMs: number;
  /** Self-attention: the front (`prepareAttention`) and the kernel (`attention`), in the command stream. */
  readonly attentionMs: number;
  /** The denoising loop, all pictures, without what a strategy does before its first step. */
  readonly loopMs: number;
  readonly decodeMs: number;
  /** The whole call. */
  readonly totalMs: number;
}

export interface GenerateResult {
  /** By prompt, then by count; of videos, then by frame. */
  readonly images: readonly Picture[];
  /** Frames of each video, which stand one after the other in `images`; 1 for pictures. */
  readonly frames: number;
  /** One per picture or video. */
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Over the whole call: density is the mean over the pictures. */
  readonly report: AttentionReport;
  readonly timings: GenerateTimings;
  /** The latents at the end of the loop, in the shape of `GenerateOptions.latents`. */
  readonly latents: Tensor<"f32">;
}

/** A loaded text-to-image or text-to-video checkpoint. */
export interface Pipeline {
  /** Class name in `model_index.json`. */
  readonly architecture: string;
  /** Width and height must be multiples of this. */
  readonly sizeMultiple: number;
  readonly defaultSize: { readonly width: number; readonly height: number };
  /** Frames of a video unless `generate` is told otherwise; 1 for pictures. */
  readonly defaultFrames: number;
  /**
   * @throws PipelineError for a setting that cannot be served; what the strategy or the backend throw; the signal's reason.
   */
  generate(options: GenerateOptions): Promise<GenerateResult>;
  /** Frees the weights. */
  dispose(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Loads one family of checkpoints; `architecture` is the class name in `model_index.json`. */
export type ArchitectureLoader = (
  options: LoadPipelineOptions & { readonly folder: string; readonly architecture: string },
) => Promise<Pipeline>;
