import type { Picture } from "../src/index.js";
import { seeded } from "./random-scenes.js";

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
  const data = new Uint8ClampedArray(picture.data.length);
  for (let i = 0; i < data.length; i++) data[i] = change(picture.data[i]!, i);
  return { ...picture, data };
}

/** Draws from the normal distribution, made once: drawing them anew for every byte is slow. */
const normal = (() => {
  const random = seeded(7);
  return Float32Array.from({ length: 2 ** 16 }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
})();

/** Normal noise on every byte. */
function noise(
  picture: Picture,
  { deviation, random }: { readonly deviation: number; readonly random: () => number },
): Picture {
  return mapBytes(
    picture,
    (value) => value + deviation * normal[Math.floor(random() * normal.length)]!,
  );
}

/** Each channel scaled by 0.9 ... 1.1 and moved by up to 12. */
function colourShift(picture: Picture, random: () => number): Picture {
  const channels = [0, 1, 2].map(() => [0.9 + 0.2 * random(), 24 * random() - 12] as const);
  return mapBytes(picture, (value, i) => value * channels[i % 3]![0] + channels[i % 3]![1]);
}

/** Mean over a square of 2 * radius + 1 pixels, both ways. */
function blur(picture: Picture, radius: number): Picture {
  const { width, height, data } = picture;
  const rows = mean(data, {
    lines: height,
    length: width,
    stride: 3,
    lineStride: width * 3,
    radius,
  });
  const stride = width * 3;
  const both = mean(rows, { lines: width, length: height, stride, lineStride: 3, radius });
  return { width, height, data: Uint8ClampedArray.from(both) };
}

/** The mean along one axis; beyond the border its last value goes on. */
function mean(
  data: ArrayLike<number>,
  axes: { lines: number; length: number; stride: number; lineStride: number; radius: number },
): Float32Array {
  const { lines, length, stride, lineStride, radius } = axes;
  const means = new Float32Array(data.length);
  for (let line = 0; line < lines * 3; line++) {
    const first = Math.floor(line / 3) * lineStride + (line % 3);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = i - radius; k <= i + radius; k++) {
        sum += data[first + Math.min(length - 1, Math.max(0, k)) * stride]!;
      }
      means[first + i * stride] = sum / (2 * radius + 1);
    }
  }
  return means;
}
