import type { Backend, DeviceTensor } from "@paroattn/backend";
import { imageLayout, type TokenLayout } from "@paroattn/reorder";
import type { Weights } from "../checkpoint/weights.js";
import { affine, linear } from "../modules/layers.js";
import { type OnLayer, whenRun } from "../modules/on-layer.js";
import { repeatRows } from "../modules/repeat-rows.js";
import type { SelfAttention } from "../modules/self-attention.js";
import { allRows, uploadFloats } from "../modules/upload.js";
import { pixArtBlock } from "./pixart-block.js";
import type { PixArtConfig } from "./pixart-config.js";
import { type LayerText, pixArtText } from "./pixart-text.js";
import { positionEmbedding, TIMESTEP_CHANNELS, timestepEmbedding } from "./sinusoids.js";

/** What stays the same over the steps of a generation, made once by `condition`. */
export interface PixArtConditions {
  readonly batch: number;
  readonly layout: TokenLayout;
  /** [1, tokens, channels]. */
  readonly positions: DeviceTensor;
  /** One per layer. */
  readonly text: readonly LayerText[];
  readonly textLengths: readonly number[];
  /** Embedded resolution and aspect ratio, [batch, channels], where the configuration asks for it. */
  readonly size?: DeviceTensor;
}

export interface ConditionOptions {
  /** Lives as long as the conditions. */
  readonly backend: Backend;
  /** Hidden states of the text encoder, [batch, text tokens, caption channels]. */
  readonly text: DeviceTensor;
  /** Valid text tokens of each row. */
  readonly textLengths: readonly number[];
  /** Size of the latents. */
  readonly latentHeight: number;
  readonly latentWidth: number;
  /** Size of the picture in pixels, for the micro-conditioning. */
  readonly height: number;
  readonly width: number;
}

export interface ForwardOptions {
  /** The result is made through it; every block has a scope of its own inside. */
  readonly backend: Backend;
  /** [batch or a part of it, in channels, height, width]: the rows of the batch are these, repeated. */
  readonly latents: DeviceTensor;
  readonly timestep: number;
  readonly conditions: PixArtConditions;
  readonly attend: SelfAttention;
  readonly onLayer?: OnLayer;
}

/** Upstream: `PixArtTransformer2DModel` of diffusers. */
export interface PixArtTransformer {
  readonly config: PixArtConfig;
  /** The grid of tokens of latents of that size. */
  layout(latentHeight: number, latentWidth: number): TokenLayout;
  condition(options: ConditionOptions): PixArtConditions;
  /** [batch, out channels, height, width]. */
  forward(options: ForwardOptions): Promise<DeviceTensor>;
}

/** Epsilon of the last norm, which the configuration does not govern. */
const OUTPUT_NORM_EPSILON = 1e-6;

export function createPixArtTransformer(config: PixArtConfig, weights: Weights): PixArtTransformer {
  const { channels, patch_size: patch } = config;
  const layout = (latentHeight: number, latentWidth: number) =>
    imageLayout({ height: latentHeight / patch, width: latentWidth / patch });

  const embed = (backend: Backend, name: string, values: readonly number[]) => {
    const embedder = weights.within(`adaln_single.emb.${name}`);
    const input = uploadFloats(
      backend,
      timestepEmbedding(values),
      values.length,
      TIMESTEP_CHANNELS,
    );
    const inner = linear({
      backend,
      weights: embedder.within("linear_1"),
      input,
      activation: "silu",
    });
    return linear({ backend, weights: embedder.within("linear_2"), input: inner });
  };

  return {
    config,
    layout,

    condition(options) {
      const { backend, text, textLengths, height, width } = options;
      const batch = text.shape[0]!;
      const grid = layout(options.latentHeight, options.latentWidth);
      const positions = positionEmbedding({
        height: grid.height,
        width: grid.width,
        channels,
        baseSize: Math.floor(config.sample_size / patch),
        interpolationScale: config.interpolation_scale,
      });
      const tokens = grid.height * grid.width;
      const conditions = {
        batch,
        layout: grid,
        positions: uploadFloats(backend, positions, 1, tokens, channels),
        text: pixArtText({ backend, config, weights, text, textLengths }),
        textLengths,
      };
      if (!config.use_additional_conditions) return conditions;
      const rows = Array.from({ length: batch });
      const resolution = embed(
        backend,
        "resolution_embedder",
        rows.flatMap(() => [height, width]),
      );
      const ratio = embed(
        backend,
        "aspect_ratio_embedder",
        rows.map(() => height / width),
      );
      const size = backend.concat({
        inputs: [backend.reshape({ input: resolution, shape: [batch, -1] }), ratio],
        axis: 1,
      });
      return { ...conditions, size };
    },

    async forward({ backend, latents, timestep, conditions, attend, onLayer }) {
      using scope = backend.scope();
      const { batch, layout: grid, size } = conditions;
      const pictures = latents.shape[0]!;
      const rows = Array.from({ length: batch }, () => timestep);
      const time = embed(scope, "timestep_embedder", rows);
      const embedded = size === undefined ? time : scope.add({ a: time, b: size });
      const modulation = scope.reshape({
        input: linear({
          backend: scope,
          weights: weights.within("adaln_single.linear"),
          input: scope.activate({ input: embedded, activation: "silu" }),
        }),
        shape: [batch, 6, channels],
      });

      // [batch, channels, rows, patch rows, columns, patch columns] to one row for each patch: its convolution is a linear layer.
      const patches = scope.permute({
        input: scope.reshape({
          input: latents,
          shape: [pictures, config.in_channels, grid.height, patch, grid.width, patch],
        }),
        axes: [0, 2, 4, 1, 3, 5],
      });
      const { weight, ...bias } = affine(weights.within("pos_embed.proj"));
      let hidden = scope.linear({
        input: scope.reshape({ input: patches, shape: [pictures, grid.height * grid.width, -1] }),
        weight: scope.reshape({ input: weight, shape: [channels, -1] }),
        ...bias,
        residual: repeatRows(scope, conditions.positions, pictures),
      });
      for (let layer = 0; layer < config.num_layers; layer++) {
        using inner = scope.scope();
        const output = await pixArtBlock({
          backend: inner,
          config,
          weights: weights.within(`transformer_blocks.${layer}`),
          layer,
          hidden,
          modulation,
          text: conditions.text[layer]!,
          textLengths: conditions.textLengths,
          attend,
        });
        inner.keep(output);
        hidden.dispose();
        hidden = output;
        whenRun({ scope: inner, layer, layers: config.num_layers, onLayer });
      }
      const table = allRows(scope, weights.get("scale_shift_table"));
      const row = (index: number) =>
        scope.add({
          a: embedded,
          b: scope.slice({ input: table, axis: 0, start: index, end: index + 1 }),
        });
      const normed = scope.layerNorm({
        input: hidden,
        shift: row(0),
        scale: row(1),
        epsilon: OUTPUT_NORM_EPSILON,
      });
      const output = linear({ backend: scope, weights: weights.within("proj_out"), input: normed });
      // [batch, rows, columns, patch rows, patch columns, channels] to a picture.
      const picture = scope.permute({
        input: scope.reshape({
          input: output,
          shape: [batch, grid.height, grid.width, patch, patch, config.out_channels],
        }),
        axes: [0, 5, 1, 3, 2, 4],
      });
      return scope.keep(
        scope.reshape({
          input: picture,
          shape: [batch, config.out_channels, grid.height * patch, grid.width * patch],
        }),
      );
    },
  };
}
