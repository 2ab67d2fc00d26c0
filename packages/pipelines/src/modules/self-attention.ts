import type { AttentionRun, GuidanceBranch } from "@paroattn/attention";
import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { TokenLayout } from "@paroattn/reorder";
import { PipelineError } from "../errors.js";
import { normedAndRotated, type Projections } from "./query-key.js";

/** Self-attention of one layer, done by someone else: the projections come lazily, the output is [batch, tokens, channels]. */
export type SelfAttention = (options: {
  readonly layer: number;
  /** Rows of the projections: all of the batch, or one guidance branch where all are still alike. */
  readonly rows: number;
  /** The layer's scope. */
  readonly backend: Backend;
  readonly project: () => Projections;
}) => Promise<DeviceTensor>;

/** Timing label of self-attention's operators. */
export const SELF_LABEL = "self";

/** Hands every self-attention of one step to the strategy's run. */
export function strategySelfAttention(options: {
  readonly run: AttentionRun;
  readonly heads: number;
  readonly headDim: number;
  readonly layout: TokenLayout;
  readonly branches: readonly GuidanceBranch[];
  readonly step: number;
  readonly steps: number;
  readonly timestep: number;
}): SelfAttention {
  const { run, ...place } = options;
  const { heads, headDim, layout } = place;
  return async ({ layer, rows, backend, project }) => {
    const site = { layer, ...place, branches: place.branches.slice(-rows) };
    const decision = run.before(site);
    if (decision !== "compute") {
      throw new PipelineError(
        `Expected the strategy to answer compute but found ${decision}: this pipeline keeps no outputs to reuse`,
      );
    }
    const projections = project();
    return run.attend(site, {
      backend,
      operands: ({ orders, precision } = {}) =>
        backend.prepareAttention({
          ...projections,
          heads,
          headDim,
          layout,
          label: SELF_LABEL,
          ...(orders !== undefined && { orders }),
          ...(precision !== undefined && { precision }),
        }),
      queryKey: () => normedAndRotated({ backend, projections, heads, headDim }),
    });
  };
}
