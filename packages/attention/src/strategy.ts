import type {
  Arithmetic,
  AttentionOperands,
  AttentionPrecision,
  Backend,
  DeviceTensor,
} from "@paroattn/backend";
import type { AxisOrder, TokenLayout } from "@paroattn/reorder";

/** The branches of classifier-free guidance. */
export type GuidanceBranch = "unconditional" | "conditional";

/** One self-attention over visual tokens, in one step of one generation. */
export interface AttentionSite {
  /** 0-based index among the model's attention layers. */
  readonly layer: number;
  /**
   * The branch of each batch row, in order. Where the branches are still alike, because no text has come in yet, the rows
   * are the conditional ones and stand for the others too.
   */
  readonly branches: readonly GuidanceBranch[];
  /** 0-based step of the sampling loop, and how many there are. */
  readonly step: number;
  readonly steps: number;
  /** The training timestep that the model is asked for at this step (0 ... 1000, as the scheduler gives it). */
  readonly timestep: number;
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly headDim: number;
}

/** What a strategy must know of the model and the run before the first step. */
export interface GenerationInfo {
  /** The view of the backend that lives as long as the generation; what a run keeps is made through it. */
  readonly backend: Backend;
  /** The transformer's class name, such as "PixArtTransformer2DModel". */
  readonly architecture: string;
  /** A hash of the transformer's weights as they are on disk, made when first asked for. */
  readonly weightsFingerprint: () => Promise<string>;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly layout: TokenLayout;
  readonly steps: number;
  /** Training timestep of each step, in order of the run. */
  readonly timesteps: readonly number[];
  /** Tells the person something once, such as that a plan was made for other weights. */
  readonly warn: (message: string) => void;
}

/**
 * A lazy look at the attention's inputs: nothing is projected or computed that the strategy does not ask for, and it may
 * ask several times (calibration prepares one order after the other). It is good until `attend` is done.
 */
export interface AttentionFront {
  /** The scope of the current layer; what is made through it is freed after the layer, unless kept. */
  readonly backend: Backend;
  /** Runs the fused front: norm, rotary embedding, reorder, packing. */
  operands(options?: {
    /** One axis order per head. Default: sequence order. */
    readonly orders?: readonly AxisOrder[];
    readonly precision?: AttentionPrecision;
    /** Batch rows to take, in this order; see `pickRows`. Default: all. */
    readonly rows?: readonly number[];
  }): AttentionOperands;
  /** Projections of this layer, [batch, tokens, heads * headDim]; a model without QK-norm and rotary embedding returns them as they are. */
  queryKey(): { readonly query: DeviceTensor; readonly key: DeviceTensor };
  /** Values of this layer, [batch, tokens, heads * headDim], for methods that look at what attention would answer. */
  value(): DeviceTensor;
}

/**
 * What `before` answers. `compute`: `attend` will look at its front. `reuseOutput`: it will answer with what it kept, and
 * nothing need be projected; a front that is asked all the same throws.
 */
export type SiteDecision = "compute" | "reuseOutput";

/** What a run executed, for the report. */
export interface AttentionReport {
  readonly strategy: string;
  /** Executed valid query-key pairs / all valid pairs over the run; refresh and statistics passes are counted on top. */
  readonly density: number;
  /** Sites that were answered with dense attention / all sites. */
  readonly denseShare: number;
  /**
   * Most bytes that the run kept from one site to another: outputs, residuals, masks of its own. What one site's work takes
   * is not among them, nor is a plan.
   */
  readonly cacheBytes: number;
  /** Of the attention's products, with its choices. */
  readonly precision: AttentionPrecision;
  /** `simulated`: the numbers are the precision's, the times are not. */
  readonly arithmetic: Arithmetic;
}

/** One generation's worth of a strategy. It owns all of its state, so that two generations never meet. */
export interface AttentionRun {
  /** Asked once at every site, before anything is projected for it; `attend` follows whatever the answer is. */
  before(site: AttentionSite): SiteDecision;
  /**
   * Returns [batch, tokens, heads * headDim] in sequence order, made through `front.backend`.
   * A promise where the strategy must look at numbers; pipelines await it before the next operator that needs the output.
   */
  attend(site: AttentionSite, front: AttentionFront): DeviceTensor | Promise<DeviceTensor>;
  /**
   * Told what the transformer answered at a step, once all of its sites were. `again`: the step is to be computed once more from
   * the same inputs, and this answer counts for nothing; so a strategy can try what it might do. Default: every answer is taken.
   */
  stepDone?(done: {
    readonly step: number;
    /** Of all guidance branches, before they are combined. */
    readonly output: DeviceTensor;
    readonly backend: Backend;
  }): Promise<"take" | "again">;
  report(): AttentionReport;
  dispose(): void;
}

export interface AttentionStrategy {
  readonly name: string;
  /** Refuses what it cannot serve (another layout, another architecture) before the first step. */
  start(generation: GenerationInfo): AttentionRun | Promise<AttentionRun>;
}
