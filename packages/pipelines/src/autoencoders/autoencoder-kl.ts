import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { conv2d, groupNorm, linear } from "../modules/layers.js";
import { type OnLayer, whenRun } from "../modules/on-layer.js";
import { type AutoencoderKlConfig, decoderChannels } from "./autoencoder-kl-config.js";

const EPSILON = 1e-6;

/** Upstream: `AutoencoderKL` of diffusers, its decoder. */
export interface AutoencoderKl {
  readonly config: AutoencoderKlConfig;
  /** Latents (already divided by the scaling factor) [batch, channels, h, w] to pictures in [-1, 1], [batch, 3, H, W]. */
  decode(backend: Backend, latents: DeviceTensor, onLayer?: OnLayer): DeviceTensor;
}

/** Pixels per latent along each side. */
export function latentFactor(config: AutoencoderKlConfig): number {
  return 2 ** (config.block_out_channels.length - 1);
}

export function createAutoencoderKl(config: AutoencoderKlConfig, weights: Weights): AutoencoderKl {
  const groups = config.norm_num_groups;
  const decoder = weights.within("decoder");
  const channels = decoderChannels(config);

  /** The layers in order, each a function of its input; `stages` is data so that every one gets a scope. */
  const stages: ((backend: Backend, input: DeviceTensor) => DeviceTensor)[] = [];
  const convolution = (layer: Weights, padding: number) =>
    stages.push((backend, input) => conv2d({ backend, weights: layer, input, padding }));
  const residual = (layer: Weights) =>
    stages.push((backend, input) => residualBlock({ backend, weights: layer, input, groups }));

  if (config.use_post_quant_conv) convolution(weights.within("post_quant_conv"), 0);
  convolution(decoder.within("conv_in"), 1);
  residual(decoder.within("mid_block.resnets.0"));
  if (config.mid_block_add_attention) {
    const layer = decoder.within("mid_block.attentions.0");
    stages.push((backend, input) => attentionBlock({ backend, weights: layer, input, groups }));
  }
  residual(decoder.within("mid_block.resnets.1"));
  for (const index of channels.keys()) {
    const block = decoder.within(`up_blocks.${index}`);
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      residual(block.within(`resnets.${layer}`));
    }
    if (index < channels.length - 1) {
      stages.push((backend, input) => backend.upsampleNearest2d({ input, factor: 2 }));
      convolution(block.within("upsamplers.0.conv"), 1);
    }
  }
  const norm = { weights: decoder.within("conv_norm_out"), groups, epsilon: EPSILON };
  stages.push((backend, input) => groupNorm({ backend, input, ...norm, activation: "silu" }));
  convolution(decoder.within("conv_out"), 1);

  return {
    config,
    decode(backend, latents, onLayer) {
      let output = latents;
      for (const [index, stage] of stages.entries()) {
        using scope = backend.scope();
        const next = scope.keep(stage(scope, output));
        if (output !== latents) output.dispose();
        output = next;
        whenRun({ scope, layer: index, layers: stages.length, onLayer });
      }
      return output;
    },
  };
}

interface BlockCall {
  readonly backend: Backend;
  readonly weights: Weights;
  /** [batch, channels, height, width]. */
  readonly input: DeviceTensor;
  readonly groups: number;
}

/** Upstream: `ResnetBlock2D` without a time embedding. */
function residualBlock({ backend, weights, input, groups }: BlockCall): DeviceTensor {
  const half = (name: "1" | "2", hidden: DeviceTensor) =>
    conv2d({
      backend,
      weights: weights.within(`conv${name}`),
      padding: 1,
      input: groupNorm({
        backend,
        weights: weights.within(`norm${name}`),
        input: hidden,
        groups,
        epsilon: EPSILON,
        activation: "silu",
      }),
    });
  const hidden = half("2", half("1", input));
  const shortcut = weights.has("conv_shortcut.weight")
    ? conv2d({ backend, weights: weights.within("conv_shortcut"), input })
    : input;
  return backend.add({ a: shortcut, b: hidden });
}

/** One head over all pixels. Upstream: `Attention` with `_from_deprecated_attn_block`. */
function attentionBlock({ backend, weights, input, groups }: BlockCall): DeviceTensor {
  const [batch, channels] = input.shape as [number, number, number, number];
  const normed = groupNorm({
    backend,
    weights: weights.within("group_norm"),
    input,
    groups,
    epsilon: EPSILON,
  });
  const tokens = backend.permute({
    input: backend.reshape({ input: normed, shape: [batch, channels, -1] }),
    axes: [0, 2, 1],
  });
  const project = (name: string, from: DeviceTensor) =>
    linear({ backend, weights: weights.within(name), input: from });
  const operands = backend.prepareAttention({
    query: project("to_q", tokens),
    key: project("to_k", tokens),
    value: project("to_v", tokens),
    heads: 1,
    headDim: channels,
    label: "autoencoder",
  });
  const { output } = backend.attention({ operands });
  const attended = backend.permute({ input: project("to_out.0", output), axes: [0, 2, 1] });
  return backend.add({ a: input, b: backend.reshape({ input: attended, shape: input.shape }) });
}
