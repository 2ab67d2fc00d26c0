import { SampleImageError } from "./errors.js";

/** 8-bit RGB, row-major, [height, width, 3]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** @throws SampleImageError if the sizes are not whole and positive, or the data does not fill them. */
export function assertPicture({ width, height, data }: Picture): void {
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new SampleImageError(`Expected a whole ${name} of at least 1 but found ${size}`);
    }
  }
  const expected = width * height * 3;
  if (data.length !== expected) {
    throw new SampleImageError(
      `Expected ${expected} bytes of RGB for ${width}x${height} but found ${data.length}`,
    );
  }
}
