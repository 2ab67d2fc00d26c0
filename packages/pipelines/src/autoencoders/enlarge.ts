import type { Backend, DeviceTensor } from "@paroattn/backend";

/** Whole factors. */
export interface Enlargement {
  readonly frames: number;
  readonly sides: number;
}

/**
 * Nearest-neighbour enlargement of [batch, channels, frames, height, width]. The first frame of an odd number stays one
 * frame, as the stride of a causal autoencoder has it. Upstream: `CogVideoXUpsample3D` before its convolution, and the
 * interpolation in `CogVideoXSpatialNorm3D`.
 */
export function enlarge(
  backend: Backend,
  input: DeviceTensor,
  { frames: frameFactor, sides }: Enlargement,
): DeviceTensor {
  const frames = input.shape[2]!;
  using scope = backend.scope();
  const part = (start: number, end: number) => scope.slice({ input, axis: 2, start, end });
  const longer = () => {
    if (frameFactor === 1 || frames === 1) return input;
    if (frames % 2 === 0) return repeatFrames(scope, input, frameFactor);
    const rest = repeatFrames(scope, part(1, frames), frameFactor);
    return scope.concat({ inputs: [part(0, 1), rest], axis: 2 });
  };
  return scope.keep(enlargeSides(scope, longer(), sides));
}

function repeatFrames(backend: Backend, input: DeviceTensor, factor: number): DeviceTensor {
  const [batch, channels, frames, height, width] = input.shape as FiveSizes;
  const apart = backend.reshape({ input, shape: [batch * channels, frames, 1, height * width] });
  const repeated = backend.concat({ inputs: Array(factor).fill(apart), axis: 2 });
  return backend.reshape({
    input: repeated,
    shape: [batch, channels, frames * factor, height, width],
  });
}

/** A new handle even where nothing is enlarged. */
function enlargeSides(backend: Backend, input: DeviceTensor, factor: number): DeviceTensor {
  const [batch, channels, frames, height, width] = input.shape as FiveSizes;
  const shape = [batch, channels, frames, height * factor, width * factor];
  if (factor === 1) return backend.reshape({ input, shape });
  const pictures = backend.reshape({ input, shape: [batch, channels * frames, height, width] });
  return backend.reshape({ input: backend.upsampleNearest2d({ input: pictures, factor }), shape });
}

type FiveSizes = readonly [number, number, number, number, number];
