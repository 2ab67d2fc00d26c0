import { describe, expect, it } from "vitest";
import { PipelineError } from "../src/errors.js";
import { compareWithReference } from "../src/fidelity/fidelity.js";
import type { Picture } from "../src/fidelity/picture.js";
import { structuralSimilarity } from "../src/fidelity/structural-similarity.js";

const width = 24;
const height = 17;
const length = width * height * 3;
const reference = {
  width,
  height,
  data: Uint8Array.from({ length }, (_, i) => (i * 7919) % 251),
};
const picture = {
  width,
  height,
  data: Uint8ClampedArray.from(
    { length },
    (_, i) => reference.data[i]! + ((i * 31) % 23) - 11,
  ) as unknown as Uint8Array,
};

describe("compareWithReference", () => {
  // Golden values: scikit-image 0.26 structural_similarity(gaussian_weights=True, sigma=1.5,
  // use_sample_covariance=False, data_range=255, channel_axis=2), peak_signal_noise_ratio, and numpy.
  it("agrees with scikit-image", () => {
    const fidelity = compareWithReference(reference, picture);
    expect(fidelity.ssim).toBeCloseTo(0.9971941540251418, 10);
    expect(fidelity.psnr).toBeCloseTo(31.764548210944117, 10);
    expect(fidelity.cosine).toBeCloseTo(0.9958913913986395, 10);
    expect(fidelity.relativeL1).toBeCloseTo(0.09046664758087604, 10);
  });

  it("finds a picture equal to itself", () => {
    const fidelity = compareWithReference(reference, reference);
    expect(fidelity.psnr).toBe(Number.POSITIVE_INFINITY);
    expect(fidelity.ssim).toBeCloseTo(1, 12);
    expect(fidelity.cosine).toBeCloseTo(1, 12);
    expect(fidelity.relativeL1).toBe(0);
  });

  it("pools the errors of a video's frames, and takes the mean of their similarities", () => {
    const pair = compareWithReference([reference, picture], [picture, picture]);
    const one = compareWithReference(reference, picture);
    // Half of the mean squared error: the second frames are equal.
    expect(pair.psnr).toBeCloseTo(one.psnr + 10 * Math.log10(2), 10);
    expect(pair.ssim).toBeCloseTo((one.ssim + 1) / 2, 10);
    // As of one picture that is twice as tall.
    const data = (frames: readonly Picture[]) =>
      Uint8Array.from(frames.flatMap((frame) => [...frame.data]));
    const tall = (frames: readonly Picture[]) => ({
      width,
      height: 2 * height,
      data: data(frames),
    });
    const stacked = compareWithReference(tall([reference, picture]), tall([picture, picture]));
    expect(pair.cosine).toBeCloseTo(stacked.cosine, 12);
    expect(pair.relativeL1).toBeCloseTo(stacked.relativeL1, 12);
    expect(compareWithReference([reference], [picture])).toEqual(one);
  });

  it("refuses videos of different lengths, and none at all", () => {
    expect(() => compareWithReference([reference], [picture, picture])).toThrow(
      "Expected as many frames as the reference has, 1, but found 2",
    );
    expect(() => compareWithReference([], [])).toThrow(PipelineError);
  });

  it("refuses pictures of different sizes", () => {
    const other = { width: 17, height: 24, data: reference.data };
    expect(() => compareWithReference(reference, other)).toThrow(/24x17.*17x24/);
  });

  it("refuses pictures smaller than a window, and those without all their bytes", () => {
    const small = { width: 24, height: 10, data: new Uint8Array(24 * 10 * 3) };
    const short = { ...picture, data: picture.data.subarray(1) };
    for (const compare of [compareWithReference, structuralSimilarity]) {
      expect(() => compare(small, small)).toThrow(
        "Expected pictures of at least 11x11 to compare but found 24x10",
      );
      expect(() => compare(reference, short)).toThrow(
        "Expected 1224 bytes of RGB in the picture of 24x17 but found 1223",
      );
      expect(() => compare(short, reference)).toThrow(PipelineError);
    }
  });
});
