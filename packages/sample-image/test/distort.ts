import type { Picture } from "../src/index.js";

/** What a small autoencoder does to a picture, each alone and all at once. */
export const distortions: Readonly<
  Record<string, (picture: Picture, random: () => number) => Picture>
> = {
  none: (picture) => picture,
  noise: (picture, random) => noise(picture, { deviation: 20, random }),
  blur: (picture) => blur(blur(picture, 2), 2),
  colourShift,
  all: (picture, random) => noise(blur(colourShift(picture, random), 2), { deviation: 12, random }),
};

function mapBytes(picture: Picture, change: (value: number, index: number) => number): Picture {
  return { ...picture, data: Uint8ClampedArray.from(picture.data, change) };
}

/** Normal noise on every byte. */
function noise(
  picture: Picture,
  { deviation, random }: { readonly deviation: number; readonly random: () => number },
): Picture {
  return mapBytes(picture, (value) => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return value + deviation * radius * Math.cos(2 * Math.PI * random());
  });
}

/** Each channel scaled by 0.9 ... 1.1 and moved by up to 12. */
function colourShift(picture: Picture, random: () => number): Picture {
  const channels = [0, 1, 2].map(() => [0.9 + 0.2 * random(), 24 * random() - 12] as const);
  return mapBytes(picture, (value, i) => value * channels[i % 3]![0] + channels[i % 3]![1]);
}

/** Mean over a square of 2 * radius + 1 pixels, both ways. */
function blur(picture: Picture, radius: number): Picture {
  const { width, height } = picture;
  const along = (data: ArrayLike<number>, step: readonly [number, number]) => {
    const [dx, dy] = step;
    return Float32Array.from(data, (_, i) => {
      const pixel = Math.floor(i / 3);
      const x = pixel % width;
      const y = Math.floor(pixel / width);
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        const xk = Math.min(width - 1, Math.max(0, x + k * dx));
        const yk = Math.min(height - 1, Math.max(0, y + k * dy));
        sum += data[(yk * width + xk) * 3 + (i % 3)]!;
      }
      return sum / (2 * radius + 1);
    });
  };
  const data = Uint8ClampedArray.from(along(along(picture.data, [1, 0]), [0, 1]));
  return { width, height, data };
}
