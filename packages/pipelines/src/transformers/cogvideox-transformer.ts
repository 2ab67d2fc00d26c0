import type { Backend, DeviceTensor, QueryKeyNorm, RotaryEmbedding } from "@paroattn/backend";
import { type TokenLayout, tokenCount, videoLayout, visualTokens } from "@paroattn/reorder";
import type { Weights } from "../checkpoint/weights.js";
import { conv2d, linear } from "../modules/layers.js";
import { type OnLayer, whenRun } from "../modules/on-layer.js";
import { repeatRows } from "../modules/repeat-rows.js";
import type { SelfAttention } from "../modules/self-attention.js";
import { allRows, uploadFloats } from "../modules/upload.js";
import { cogVideoXBlock, normWeights, type TwoStreams } from "./cogvideox-block.js";
import type { CogVideoXConfig } from "./cogvideox-config.js";
import { rotaryTables, sincosPositions } from "./cogvideox-positions.js";
import { timestepEmbedding } from "./sinusoids.js";

/** Sizes of the latents, before they are cut into patches. */
export interface LatentGrid {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/** What stays the same in every step of a run, on the device. */
export interface CogVideoXConditions {
  readonly batch: number;
  readonly layout: TokenLayout;
  /** [batch, text tokens, channels]. */
  readonly text: DeviceTensor;
  /** Sincos positions, [visual tokens, channels]. */
  readonly positions?: DeviceTensor;
  readonly rope?: RotaryEmbedding;
  /** Of each layer. */
  readonly norms: readonly QueryKeyNorm[];
}

/** Upstream: `CogVideoXTransformer3DModel` of diffusers. */
export interface CogVideoXTransformer {
  readonly config: CogVideoXConfig;
  /** Text first, then the tokens of latents of that size. */
  layout(grid: LatentGrid): TokenLayout;
  condition(options: {
    /** Lives as long as the conditions. */
    readonly backend: Backend;
    /** Hidden states of the text encoder, [batch, max_text_seq_length, text_embed_dim], padding included. */
    readonly text: DeviceTensor;
    readonly grid: LatentGrid;
  }): CogVideoXConditions;
  /** [batch, frames, out channels, height, width]. */
  forward(options: {
    readonly backend: Backend;
    /** [batch or a part of it, frames, in channels, height, width]: the rows of the batch are these, repeated. */
    readonly latents: DeviceTensor;
    readonly timestep: number;
    readonly conditions: CogVideoXConditions;
    readonly attend: SelfAttention;
    readonly onLayer?: OnLayer;
  }): Promise<DeviceTensor>;
}

/** Of queries and keys, which the configuration does not govern. */
const QUERY_KEY_EPSILON = 1e-6;

export function createCogVideoXTransformer(
  config: CogVideoXConfig,
  weights: Weights,
): CogVideoXTransformer {
  const { channels, patch_size: patch, attention_head_dim: headDim } = config;
  const layout = ({ frames, height, width }: LatentGrid) =>
    videoLayout({
      frames,
      height: height / patch,
      width: width / patch,
      textTokens: config.max_text_seq_length,
      textPosition: "before",
    });
  const blockWeights = (layer: number) => weights.within(`transformer_blocks.${layer}`);

  /** In f32, as attention takes them, whatever they are stored in. */
  const queryKeyNorm = (backend: Backend, layer: number): QueryKeyNorm => {
    const attention = blockWeights(layer).within("attn1");
    const wide = (name: string) => {
      const table = backend.reshape({ input: attention.get(name), shape: [1, headDim] });
      return backend.reshape({ input: allRows(backend, table), shape: [headDim] });
    };
    return {
      kind: "layer",
      epsilon: QUERY_KEY_EPSILON,
      queryWeight: wide("norm_q.weight"),
      queryBias: wide("norm_q.bias"),
      keyWeight: wide("norm_k.weight"),
      keyBias: wide("norm_k.bias"),
    };
  };

  /** [batch, time_embed_dim]; every use of it begins with the activation. */
  const timeOf = (backend: Backend, timestep: number, batch: number) => {
    const rows = Array.from({ length: batch }, () => timestep);
    const sinusoids = timestepEmbedding(rows, channels);
    const embedder = weights.within("time_embedding");
    const inner = linear({
      backend,
      weights: embedder.within("linear_1"),
      input: uploadFloats(backend, sinusoids, batch, channels),
      activation: "silu",
    });
    const layer = embedder.within("linear_2");
    return linear({ backend, weights: layer, input: inner, activation: "silu" });
  };

  /** [batch, frames, inputs, height, width] to [batch, visual tokens, channels]. */
  const patchify = (backend: Backend, latents: DeviceTensor) => {
    const [batch, frames, inputs, height, width] = latents.shape as FiveSizes;
    const patches = conv2d({
      backend,
      weights: weights.within("patch_embed.proj"),
      input: backend.reshape({ input: latents, shape: [batch * frames, inputs, height, width] }),
      stride: patch,
    });
    const tokens = backend.permute({
      input: backend.reshape({ input: patches, shape: [batch * frames, channels, -1] }),
      axes: [0, 2, 1],
    });
    return backend.reshape({ input: tokens, shape: [batch, -1, channels] });
  };

  /** The last norms and projection, and the way back to latents. */
  const finish = (call: {
    backend: Backend;
    video: DeviceTensor;
    time: DeviceTensor;
    grid: TokenLayout;
  }) => {
    const { backend, video, time, grid } = call;
    const input = backend.layerNorm({
      input: video,
      ...normWeights(config, weights.within("norm_final")),
      epsilon: config.norm_eps,
    });
    const shiftScale = linear({
      backend,
      weights: weights.within("norm_out.linear"),
      input: time,
    });
    const row = (start: number) =>
      backend.slice({ input: shiftScale, axis: 1, start, end: start + channels });
    const normed = backend.layerNorm({
      input,
      ...normWeights(config, weights.within("norm_out.norm")),
      shift: row(0),
      scale: row(channels),
      epsilon: config.norm_eps,
    });
    const output = linear({ backend, weights: weights.within("proj_out"), input: normed });
    const { frames, height, width } = grid;
    const batch = output.shape[0]!;
    const outputs = config.out_channels;
    // [batch, frames, rows, columns, channels, patch rows, patch columns] to frames of channels.
    const latents = backend.permute({
      input: backend.reshape({
        input: output,
        shape: [batch * frames, height, width, outputs, patch, patch],
      }),
      axes: [0, 3, 1, 4, 2, 5],
    });
    const shape = [batch, frames, outputs, height * patch, width * patch];
    return backend.reshape({ input: latents, shape });
  };

  return {
    config,
    layout,

    condition({ backend, text, grid }) {
      const place = layout(grid);
      const norms = Array.from({ length: config.num_layers }, (_, layer) =>
        queryKeyNorm(backend, layer),
      );
      const common = {
        batch: text.shape[0]!,
        layout: place,
        text: linear({ backend, weights: weights.within("patch_embed.text_proj"), input: text }),
        norms,
      };
      if (!config.use_rotary_positional_embeddings) {
        const positions = sincosPositions(config, place);
        const tokens = visualTokens(place);
        return { ...common, positions: uploadFloats(backend, positions, tokens, channels) };
      }
      const { cos, sin } = rotaryTables(config, place);
      const upload = (table: Float32Array) =>
        uploadFloats(backend, table, tokenCount(place), headDim / 2);
      const rope = { cos: upload(cos), sin: upload(sin), pairing: "interleaved" } as const;
      return { ...common, rope };
    },

    async forward({ backend, latents, timestep, conditions, attend, onLayer }) {
      using scope = backend.scope();
      const { batch, layout: grid, positions, rope } = conditions;
      const time = timeOf(scope, timestep, batch);
      const patches = patchify(scope, latents);
      const placed = positions === undefined ? patches : scope.add({ a: patches, b: positions });
      const video = repeatRows(scope, placed, batch / latents.shape[0]!);
      let hidden: TwoStreams = { text: conditions.text, video };
      for (let layer = 0; layer < config.num_layers; layer++) {
        using inner = scope.scope();
        const next = await cogVideoXBlock({
          backend: inner,
          config,
          weights: blockWeights(layer),
          layer,
          hidden,
          time,
          norm: conditions.norms[layer]!,
          rope,
          attend,
        });
        inner.keep(next.text);
        inner.keep(next.video);
        if (hidden.text !== conditions.text) hidden.text.dispose();
        hidden.video.dispose();
        hidden = next;
        whenRun({ scope: inner, layer, layers: config.num_layers, onLayer });
      }
      return scope.keep(finish({ backend: scope, video: hidden.video, time, grid }));
    },
  };
}

type FiveSizes = readonly [number, number, number, number, number];
