import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { conv3d } from "../modules/layers.js";

/** What the causal convolutions remember from one batch of frames to the next: the last two frames that each has read. */
export interface FrameCache {
  /** Lives as long as the video is decoded. */
  readonly backend: Backend;
  readonly frames: Map<CausalConvolution, DeviceTensor>;
}

/** A 3x3x3 convolution of [batch, channels, frames, height, width] that sees no later frame; its result has as many frames. */
export type CausalConvolution = (call: {
  readonly backend: Backend;
  readonly input: DeviceTensor;
  readonly cache: FrameCache;
}) => DeviceTensor;

const FRAMES_BEFORE = 2;

/** Before the first frame it repeats itself. Upstream: `CogVideoXCausalConv3d` with kernel 3 and `pad_mode="first"`. */
export function causalConvolution(weights: Weights): CausalConvolution {
  const convolution: CausalConvolution = ({ backend, input, cache }) => {
    const frames = input.shape[2]!;
    const known = cache.frames.get(convolution);
    using scope = backend.scope();
    const first = () => scope.slice({ input, axis: 2, start: 0, end: 1 });
    const before = known === undefined ? Array.from({ length: FRAMES_BEFORE }, first) : [known];
    const padded = scope.concat({ inputs: [...before, input], axis: 2 });
    const last = cache.backend.slice({
      input: padded,
      axis: 2,
      start: frames,
      end: frames + FRAMES_BEFORE,
    });
    cache.frames.set(convolution, last);
    known?.dispose();
    return scope.keep(
      conv3d({ backend: scope, weights: weights.within("conv"), input: padded, padding: 1 }),
    );
  };
  return convolution;
}
