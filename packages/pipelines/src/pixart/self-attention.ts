import type { AttentionRun, GuidanceBranch } from "@paroattn/attention";
import type { TokenLayout } from "@paroattn/reorder";
import { PipelineError } from "../errors.js";
import type { SelfAttention } from "../transformers/pixart-block.js";
import type { PixArtConfig } from "../transformers/pixart-config.js";

/** Timing label of self-attention's operators. */
export const SELF_LABEL = "self";

/** Hands every self-attention of one step to the strategy's run. */
export function strategySelfAttention(options: {
  readonly run: AttentionRun;
  readonly config: PixArtConfig;
  readonly layout: TokenLayout;
  readonly branches: readonly GuidanceBranch[];
  readonly step: number;
  readonly steps: number;
  readonly timestep: number;
}): SelfAttention {
  const { run, config, layout, branches, step, steps, timestep } = options;
  const heads = config.num_attention_heads;
  const headDim = config.attention_head_dim;
  return async ({ layer, backend, project }) => {
    const site = { layer, branches, step, steps, timestep, layout, heads, headDim };
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
      queryKey: () => ({ query: projections.query, key: projections.key }),
    });
  };
}
