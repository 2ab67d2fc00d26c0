/** Embedding width of timesteps and micro-conditions in every PixArt. */
export const TIMESTEP_CHANNELS = 256;
export const LONGEST_PERIOD = 10_000;

/**
 * Sinusoidal embedding of numbers, [values, channels]: cosines, then sines, in the single precision of diffusers' `Timesteps`
 * (flip_sin_to_cos, downscale_freq_shift 0).
 */
export function timestepEmbedding(
  values: readonly number[],
  channels = TIMESTEP_CHANNELS,
): Float32Array {
  const half = channels / 2;
  const embedding = new Float32Array(values.length * channels);
  for (const [row, value] of values.entries()) {
    for (let i = 0; i < half; i++) {
      const exponent = Math.fround(Math.fround(-Math.log(LONGEST_PERIOD) * i) / half);
      const angle = Math.fround(Math.fround(value) * Math.fround(Math.exp(exponent)));
      embedding[row * channels + i] = Math.cos(angle);
      embedding[row * channels + half + i] = Math.sin(angle);
    }
  }
  return embedding;
}

/** Sines, then cosines, of one position: half of `channels` each, an even number. Upstream: `get_1d_sincos_pos_embed_from_grid`. */
export function writeSinusoids(
  target: Float32Array,
  { offset, channels, position }: { offset: number; channels: number; position: number },
): void {
  const half = channels / 2;
  for (let i = 0; i < half; i++) {
    const angle = position / LONGEST_PERIOD ** (i / half);
    target[offset + i] = Math.sin(angle);
    target[offset + half + i] = Math.cos(angle);
  }
}

/**
 * 2D sinusoidal positions, [height * width, channels], row by row: the first half of the channels tells the column,
 * the second the row, each sines then cosines. Positions are stretched to `baseSize / interpolationScale`, so that a
 * grid of any size spans what the model was trained on. Upstream: `get_2d_sincos_pos_embed`.
 */
export function positionEmbedding(options: {
  readonly height: number;
  readonly width: number;
  /** A multiple of 4. */
  readonly channels: number;
  /** Side of the training grid, in tokens. */
  readonly baseSize: number;
  readonly interpolationScale: number;
}): Float32Array {
  const { height, width, channels, baseSize, interpolationScale } = options;
  const place = (index: number, size: number) =>
    Math.fround(Math.fround(index / Math.fround(size / baseSize)) / interpolationScale);
  const embedding = new Float32Array(height * width * channels);
  let offset = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const position of [place(x, width), place(y, height)]) {
        writeSinusoids(embedding, { offset, channels: channels / 2, position });
        offset += channels / 2;
      }
    }
  }
  return embedding;
}
