import type { AttentionStrategy } from "../strategy.js";
import type { WindowWidth } from "../window/window-mask.js";
import type { SharingPlan } from "./sharing-plan.js";

/** How far a search is. */
export interface SharingSearchProgress {
  /** 0-based step at work, and how many there are. */
  readonly step: number;
  readonly steps: number;
  /** Layers of this step that are chosen, and how many there are. */
  readonly layer: number;
  readonly layers: number;
  /** Times that the model was run. */
  readonly forwards: number;
}

export interface FindSharingPlanOptions {
  /**
   * Draws all calibration pictures together, in one generation, with the strategy it is given. The runtime must ask
   * the run's `stepDone`, as `@paroattn/pipelines` does.
   */
  readonly generate: (strategy: AttentionStrategy) => Promise<void>;
  /** What `generate` draws; recorded in the plan. At least one. */
  readonly prompts: readonly string[];
  /** A seed for each prompt; recorded in the plan. */
  readonly seeds: readonly number[];
  /** What else decides the pictures, such as guidance; recorded in the plan. Default: none. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Delta: relative difference of the model's output that the last layer may reach; layer i of L reaches (i + 1) / L of it. Default: 0.05. */
  readonly threshold?: number;
  /** Default: a quarter of a frame's tokens. */
  readonly window?: WindowWidth;
  /** An earlier search's plan so far, as `onStep` gave it; its steps are drawn but not searched again. Default: none. */
  readonly resume?: SharingPlan;
  /** The plan so far, after every step; written to a file, a search can be gone on with. */
  readonly onStep?: (plan: SharingPlan) => void | Promise<void>;
  readonly onProgress?: (progress: SharingSearchProgress) => void;
  readonly signal?: AbortSignal;
}
