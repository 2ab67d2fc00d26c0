import type { Picture } from "@paroattn/pipelines";

/** What a pipeline draws of one prompt and seed: a picture, or a video's frames in order of time, all of one size. */
export type Drawing = readonly Picture[];

/** The model that an app draws with unless it is told of another. */
export interface SampleModel {
  /** For the names of cached plans. */
  readonly name: string;
  /** The checkpoint, an absolute path. */
  readonly folder: string;
  /** The plan that it ships with, an absolute path. */
  readonly planFile: string;
  /** Sampling steps and guidance at which it draws best. */
  readonly steps: number;
  readonly guidance: number;
  /** What it was trained for; `frames` of videos. */
  readonly size: { readonly width: number; readonly height: number; readonly frames?: number };
  readonly calibrationPrompts: () => Promise<readonly string[]>;
  /** Prompts that neither training nor calibration has seen. */
  readonly heldOutPrompts: () => Promise<readonly string[]>;
}

/** How an app keeps what it draws. */
export interface DrawingFiles {
  /** In lower case, with the dot; the first is taken where nobody names a file. */
  readonly extensions: readonly [string, ...string[]];
  /** What a file is, for help: "PNG file". */
  readonly description: string;
  /** Refuses, before the work, what could not be written after it; throws an error for people. */
  readonly check: (file: string, options: { readonly fps: number }) => Promise<void>;
  /** Writes a file whole or not at all. */
  readonly write: (
    file: string,
    drawing: Drawing,
    options: { readonly fps: number; readonly signal: AbortSignal },
  ) => Promise<void>;
}

/** What one app is, for the commands that both share. */
export interface App {
  /** As it is called, such as "image-dit". */
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** `import.meta.url` of the app: results of an evaluation are of its code and of the packages beside it. */
  readonly module: string;
  readonly kind: "image" | "video";
  /** The pipelines' own for this kind, for help and for names of results. */
  readonly defaults: { readonly steps: number; readonly guidance: number };
  readonly files: DrawingFiles;
  /** Without one, `--model` is required. */
  readonly sample?: SampleModel;
  /** What the sample scenes' caption checker says; null for a prompt that it cannot read. */
  readonly captionRight: (drawing: Drawing, prompt: string) => boolean | null;
  /**
   * Of videos: how far objects are, in pixels, from where the reference has them, and from the way that the caption names. Null
   * where it cannot be told.
   */
  readonly motionError?: (
    clip: Drawing,
    options: { readonly reference: Drawing; readonly caption: string },
  ) => { readonly reference: number | null; readonly caption: number | null };
}

/** What people call that which an app draws. */
export function nounOf({ kind }: Pick<App, "kind">): "picture" | "video" {
  return kind === "image" ? "picture" : "video";
}
