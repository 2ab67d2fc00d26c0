import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { conv3d, groupNorm } from "../modules/layers.js";
import {
  type CausalConvolution,
  causalConvolution,
  type FrameCache,
} from "./causal-convolution.js";
import { type CogVideoXAutoencoderConfig, decoderLevels } from "./cogvideox-autoencoder-config.js";
import { enlarge } from "./enlarge.js";

const EPSILON = 1e-6;

/** What every layer is told of the batch of frames in work. */
export interface DecoderPass {
  readonly backend: Backend;
  /** The latents themselves, [batch, channels, frames, height, width], which every norm reads again. */
  readonly latents: DeviceTensor;
  readonly cache: FrameCache;
}

/** One layer of the decoder, [batch, channels, frames, height, width] to the same with other sizes. */
export type DecoderStage = (pass: DecoderPass, input: DeviceTensor) => DeviceTensor;

/** The layers in order, each a function of its input, so that every one gets a scope. Upstream: `CogVideoXDecoder3D`. */
export function cogVideoXDecoderStages(
  config: CogVideoXAutoencoderConfig,
  weights: Weights,
): DecoderStage[] {
  const decoder = weights.within("decoder");
  const stages: DecoderStage[] = [];
  const convolution = (name: string): DecoderStage => {
    const causal = causalConvolution(decoder.within(name));
    return ({ backend, cache }, input) => causal({ backend, input, cache });
  };
  const residual = (name: string) => stages.push(residualBlock(config, decoder.within(name)));

  stages.push(convolution("conv_in"));
  for (const layer of [0, 1]) residual(`mid_block.resnets.${layer}`);
  for (const [index, level] of decoderLevels(config).entries()) {
    const block = `up_blocks.${index}`;
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      residual(`${block}.resnets.${layer}`);
    }
    if (level.doublesSides) {
      const layer = decoder.within(`${block}.upsamplers.0.conv`);
      const factors = { frames: level.doublesFrames ? 2 : 1, sides: 2 };
      stages.push(({ backend }, input) =>
        frameByFrame({ backend, weights: layer, input: enlarge(backend, input, factors) }),
      );
    }
  }
  const normOut = decoder.within("norm_out");
  stages.push((pass, input) => spatialNorm(config, normOut, pass, input));
  stages.push(convolution("conv_out"));
  return stages;
}

/** `nn.Conv2d` with kernel 3 on each frame, without moving the frames to the front. */
function frameByFrame(call: {
  backend: Backend;
  weights: Weights;
  input: DeviceTensor;
}): DeviceTensor {
  const { backend, weights, input } = call;
  const weight = weights.get("weight");
  const [outputs, inputs, rows, columns] = weight.shape as [number, number, number, number];
  return backend.conv3d({
    input,
    weight: backend.reshape({ input: weight, shape: [outputs, inputs, 1, rows, columns] }),
    bias: weights.get("bias"),
    padding: [0, 0, 1, 1, 1, 1],
  });
}

/** Upstream: `CogVideoXResnetBlock3D` with spatial norms and no time embedding. */
function residualBlock(config: CogVideoXAutoencoderConfig, weights: Weights): DecoderStage {
  const first = causalConvolution(weights.within("conv1"));
  const second = causalConvolution(weights.within("conv2"));
  const half = (
    pass: DecoderPass,
    { norm, causal, input }: { norm: string; causal: CausalConvolution; input: DeviceTensor },
  ) => {
    using scope = pass.backend.scope();
    const here = { ...pass, backend: scope };
    const normed = spatialNorm(config, weights.within(norm), here, input);
    return scope.keep(causal({ backend: scope, input: normed, cache: pass.cache }));
  };
  return (pass, input) => {
    const { backend } = pass;
    const inner = half(pass, { norm: "norm1", causal: first, input });
    const hidden = half(pass, { norm: "norm2", causal: second, input: inner });
    inner.dispose();
    const shortcut = weights.has("conv_shortcut.weight")
      ? conv3d({ backend, weights: weights.within("conv_shortcut"), input })
      : input;
    return backend.add({ a: shortcut, b: hidden });
  };
}

/**
 * A group norm whose scale and offset follow from the latents at each place, then SiLU. The two convolutions of one pixel
 * are done on the latents and their results enlarged, which is the same and far less work. Intermediates are freed as
 * soon as they are used: the largest of them decide how much memory decoding takes.
 * Upstream: `CogVideoXSpatialNorm3D`, which enlarges first.
 */
function spatialNorm(
  config: CogVideoXAutoencoderConfig,
  weights: Weights,
  { backend, latents }: DecoderPass,
  input: DeviceTensor,
): DeviceTensor {
  using scope = backend.scope();
  const [, , frames, height] = input.shape as [number, number, number, number];
  const [, , latentFrames, latentHeight] = latents.shape as [number, number, number, number];
  const odd = frames % 2;
  const factors = {
    frames: frames === 1 ? 1 : (frames - odd) / (latentFrames - odd),
    sides: height / latentHeight,
  };
  const atEachPlace = (name: string) => {
    const small = conv3d({ backend: scope, weights: weights.within(name), input: latents });
    return enlarge(scope, small, factors);
  };
  const together = (
    operator: "add" | "multiply",
    a: DeviceTensor,
    b: DeviceTensor,
  ): DeviceTensor => {
    const result = scope[operator]({ a, b });
    a.dispose();
    b.dispose();
    return result;
  };
  const normed = groupNorm({
    backend: scope,
    weights: weights.within("norm_layer"),
    input,
    groups: config.norm_num_groups,
    epsilon: EPSILON,
  });
  const scaled = together("multiply", normed, atEachPlace("conv_y.conv"));
  const shifted = together("add", scaled, atEachPlace("conv_b.conv"));
  return scope.keep(scope.activate({ input: shifted, activation: "silu" }));
}
