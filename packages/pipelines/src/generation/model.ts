import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { TokenLayout } from "@paroattn/reorder";
import type { Component } from "../checkpoint/component.js";
import type { Picture } from "../fidelity/picture.js";
import type { OnLayer } from "../modules/on-layer.js";
import type { SelfAttention } from "../modules/self-attention.js";
import type { GenerateOptions } from "../pipeline.js";
import type { SolverStep } from "../schedulers/solver-step.js";
import type { T5Encoder } from "../text-encoders/t5-encoder.js";
import type { T5Tokenizer } from "../tokenizers/t5-tokenizer.js";
import type { EncodedText } from "./encode-prompts.js";
import type { GenerationRequest } from "./request.js";

/** What the stages of a generation work with; a family of checkpoints fills it in. */
export interface DiffusionModel {
  readonly architecture: string;
  readonly backend: Backend;
  readonly tokenizer: T5Tokenizer;
  /** Longest prompt, its end token included. */
  readonly maximumTokens: number;
  /** Whether shorter prompts are filled up with padding that is then read as text. */
  readonly padsTexts: boolean;
  /** What is done to a prompt before it is tokenized; `clean` as the request has it. */
  readonly prepareText: (text: string, clean: boolean) => string;
  readonly textEncoder: Component<T5Encoder>;
  readonly denoiser: Component<LatentPredictor>;
  readonly decoder: Component<LatentDecoder>;
  /** Class name of the transformer, for strategies. */
  readonly transformerClass: string;
  /** Checks a call of `generate`. Throws `PipelineError`. */
  readonly checkRequest: (options: GenerateOptions) => GenerationRequest;
  readonly solverSteps: (steps: number) => readonly SolverStep[];
}

/** A transformer that says what its noisy latents should become. */
export interface LatentPredictor {
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  /** Prepares what stays the same in every step of a run; `backend` lives as long as the run. */
  begin(options: {
    readonly backend: Backend;
    /** One per batch row: those of all pictures for each guidance branch, branch after branch. */
    readonly texts: readonly EncodedText[];
    readonly request: GenerationRequest;
  }): PredictorRun;
}

export interface PredictorRun {
  readonly layout: TokenLayout;
  /** Predictions for every text, [texts, ...latent shape]. */
  predict(options: {
    readonly backend: Backend;
    /** [pictures, ...latent shape]: of each guidance branch, which all begin with the same. */
    readonly latents: DeviceTensor;
    readonly timestep: number;
    readonly attend: SelfAttention;
    readonly onLayer?: OnLayer;
  }): Promise<DeviceTensor>;
}

/** An autoencoder's decoder. */
export interface LatentDecoder {
  /** Latents of one picture or video, as the loop left them, to its frames. Throws `PipelineError` for what is none. */
  decode(options: {
    readonly backend: Backend;
    readonly latents: Float32Array;
    readonly request: GenerationRequest;
    readonly onLayer?: OnLayer;
  }): Promise<Picture[]>;
}
