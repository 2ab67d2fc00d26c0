import type { AttentionSite, AttentionStrategy } from "@paroattn/attention";
import type { Backend, DeviceTensor } from "@paroattn/backend";
import { type TokenLayout, tokenCount } from "@paroattn/reorder";
import {
  type Planted,
  plantAxisLocal,
  type Reach,
} from "../../../../packages/attention/test/planted.js";

export interface ClipSize {
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly headDim: number;
}

/** One attention layer of a model that draws a clip in one step, with random inputs. */
export interface ClipLayer {
  /** On the host too: what is measured must not be hidden by their being freed meanwhile. */
  readonly inputs: Planted;
  /** Of queries, keys and values. */
  readonly inputBytes: number;
  attend(strategy: AttentionStrategy): Promise<Attended>;
}

/** What a strategy did. Times are in milliseconds. */
export interface Attended {
  /** From the call to the end of the commands. */
  readonly ms: number;
  /** What passed until the commands were issued: for PARO with the unpacking of the mask. */
  readonly issueMs: number;
  /** In the command stream. */
  readonly operators: Readonly<Record<"prepareMask" | "prepareAttention" | "attention", number>>;
  readonly density: number;
}

/** How far heads look: along one axis or two, and one kind everywhere. In tokens. */
const REACHES: readonly Reach[] = [
  { width: 3 },
  { height: 2 },
  { frames: 1 },
  { height: 3, width: 4 },
  { frames: 1.5, width: 5 },
  { frames: 1.5, height: 4 },
  { frames: 2, height: 6, width: 8 },
  {},
];
const SEED = 3;
const TIMESTEP = 500;

/** Queries and keys are smooth fields and noise, so that heads look near themselves; values are noise. */
export async function openClipLayer(backend: Backend, size: ClipSize): Promise<ClipLayer> {
  const { layout, heads, headDim } = size;
  const reaches = Array.from({ length: heads }, (_, head) => REACHES[head % REACHES.length]!);
  const inputs = plantAxisLocal({ layout, reaches, headDim, seed: SEED });
  const shape = [1, tokenCount(layout), heads * headDim];
  const upload = (data: Float32Array): DeviceTensor =>
    backend.upload({ dtype: "f32", shape, data });
  const tensors = {
    query: upload(inputs.query),
    key: upload(inputs.key),
    value: upload(inputs.value),
  };
  await backend.flush();

  const site: AttentionSite = {
    ...size,
    layer: 0,
    branches: ["conditional"],
    step: 0,
    steps: 1,
    timestep: TIMESTEP,
  };
  return {
    inputs,
    inputBytes: 3 * inputs.query.byteLength,
    async attend(strategy) {
      const run = await strategy.start({
        ...size,
        backend,
        architecture: "ClipTransformer3DModel",
        weightsFingerprint: async () => "none",
        layers: 1,
        steps: 1,
        timesteps: [TIMESTEP],
        warn: () => {},
      });
      try {
        using scope = backend.scope({ timed: true });
        const start = performance.now();
        const answer = run.attend(site, {
          backend: scope,
          operands: (options) => scope.prepareAttention({ ...tensors, ...size, ...options }),
          queryKey: () => tensors,
          value: () => tensors.value,
        });
        const issued = performance.now();
        await answer;
        await scope.flush();
        const end = performance.now();
        const timings = await scope.timings();
        const took = (operator: string) => timings[operator]?.milliseconds ?? 0;
        return {
          ms: end - start,
          issueMs: issued - start,
          operators: {
            prepareMask: took("prepareMask"),
            prepareAttention: took("prepareAttention"),
            attention: took("attention"),
          },
          density: run.report().density,
        };
      } finally {
        run.dispose();
      }
    },
  };
}
