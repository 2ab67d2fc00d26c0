import {
  type AttentionFront,
  type AttentionRun,
  type GuidanceBranch,
  pickRows,
} from "@paroattn/attention";
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
    const front = lazyFront({ heads, headDim, layout, backend, project });
    if (run.before(site) === "compute") return run.attend(site, front);
    return run.attend(site, {
      backend,
      operands: unprojected,
      queryKey: unprojected,
      value: unprojected,
    });
  };
}

/** Projects when it is first asked. */
function lazyFront(options: {
  readonly heads: number;
  readonly headDim: number;
  readonly layout: TokenLayout;
  readonly backend: Backend;
  readonly project: () => Projections;
}): AttentionFront {
  const { project, ...place } = options;
  const { backend, heads, headDim } = place;
  let made: Projections | undefined;
  const projections = () => {
    made ??= project();
    return made;
  };
  return {
    backend,
    operands: ({ orders, precision, rows } = {}) => {
      const { query, key, value, ...finish } = projections();
      const pick = (input: DeviceTensor) =>
        rows === undefined ? input : pickRows(backend, input, rows);
      return backend.prepareAttention({
        query: pick(query),
        key: pick(key),
        value: pick(value),
        ...finish,
        heads,
        headDim,
        layout: place.layout,
        label: SELF_LABEL,
        ...(orders !== undefined && { orders }),
        ...(precision !== undefined && { precision }),
      });
    },
    queryKey: () => normedAndRotated({ backend, projections: projections(), heads, headDim }),
    value: () => projections().value,
  };
}

function unprojected(): never {
  throw new PipelineError(
    "Expected the strategy to answer with an output that it kept but found it to ask for projections after reuseOutput",
  );
}
