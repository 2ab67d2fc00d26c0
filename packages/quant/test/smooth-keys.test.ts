import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dequantize,
  errorMeasures,
  QuantError,
  quantizeBlocks,
  smoothKeys,
  tokenMean,
} from "../src/index.js";
import { normals } from "./arbitraries.js";

const HEAD_DIM = 8;
const TOKENS = 11;

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
}

/** Softmax and log-sum-exp of scale * q·k over all keys. */
function softmax(query: Float32Array, keys: Float32Array, scale: number) {
  const logits = Array.from({ length: keys.length / HEAD_DIM }, (_, token) => {
    return scale * dot(query, keys.subarray(token * HEAD_DIM, (token + 1) * HEAD_DIM));
  });
  const maximum = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
  return {
    weights: logits.map((logit) => Math.exp(logit - maximum) / total),
    logSumExp: maximum + Math.log(total),
  };
}

const heads = fc.record({
  query: normals(HEAD_DIM),
  keys: normals(TOKENS * HEAD_DIM),
  offset: fc.float({ min: -8, max: 8, noNaN: true }),
});

describe("smoothKeys", () => {
  it("leaves the softmax as it is and shifts the log-sum-exp by scale * q·mean", () => {
    fc.assert(
      fc.property(heads, fc.option(normals(HEAD_DIM)), ({ query, keys, offset }, other) => {
        const shifted = keys.map((x) => x + offset);
        const smoothed = smoothKeys({
          keys: shifted,
          headDim: HEAD_DIM,
          ...(other && { mean: other }),
        });
        const scale = 1 / Math.sqrt(HEAD_DIM);
        const before = softmax(query, shifted, scale);
        const after = softmax(query, smoothed.keys, scale);
        for (const [i, weight] of after.weights.entries()) {
          expect(weight).toBeCloseTo(before.weights[i]!, 4);
        }
        const added = scale * dot(query, smoothed.mean);
        expect(after.logSumExp + added).toBeCloseTo(before.logSumExp, 4);
      }),
    );
  });

  it("leaves keys whose mean is zero", () => {
    fc.assert(
      fc.property(heads, ({ keys }) => {
        const smoothed = smoothKeys({ keys, headDim: HEAD_DIM });
        for (const mean of tokenMean({ data: smoothed.keys, rowLength: HEAD_DIM })) {
          expect(Math.abs(mean)).toBeLessThan(1e-6);
        }
      }),
    );
  });

  it("makes codes of keys with a common offset finer", () => {
    const noise = Float32Array.from({ length: 64 * HEAD_DIM }, (_, i) => Math.sin(i * i));
    const keys = noise.map((x, i) => x + 20 * (i % HEAD_DIM));
    const error = (data: Float32Array, offset: Float32Array) => {
      const decoded = dequantize(quantizeBlocks({ data, rowLength: HEAD_DIM }));
      const restored = decoded.map((x, i) => x + offset[i % HEAD_DIM]! - 20 * (i % HEAD_DIM));
      return errorMeasures({ reference: noise, data: restored }).relativeL2;
    };
    const smoothed = smoothKeys({ keys, headDim: HEAD_DIM });
    const plain = error(keys, new Float32Array(HEAD_DIM));
    expect(error(smoothed.keys, smoothed.mean)).toBeLessThan(plain / 50);
  });

  it.each([
    [{ headDim: 3 }, "Expected whole rows of 3 elements, at least one, but found 4"],
    [{ mean: new Float32Array(1) }, "Expected a mean of 2 channels but found 1"],
  ])("refuses %o", (change, message) => {
    const good = { keys: new Float32Array(4), headDim: 2 };
    expect(() => smoothKeys({ ...good, ...change })).toThrow(new QuantError(message));
  });
});

describe("tokenMean", () => {
  const data = Float32Array.of(1, 10, 3, 20, 5, 60);

  it("averages all rows, or those that are named", () => {
    expect(tokenMean({ data, rowLength: 2 })).toEqual(Float32Array.of(3, 30));
    expect(tokenMean({ data, rowLength: 2, tokens: [2, 0] })).toEqual(Float32Array.of(3, 35));
  });

  it.each([
    [{ rowLength: 4 }, "Expected whole rows of 4 elements, at least one, but found 6"],
    [{ tokens: [] }, 'Expected at least one token to average but found "none"'],
    [{ tokens: [0, 3] }, "Expected tokens below 3 but found 3"],
    [{ tokens: [0.5] }, "Expected tokens below 3 but found 0.5"],
  ])("refuses %o", (change, message) => {
    expect(() => tokenMean({ data, rowLength: 2, ...change })).toThrow(new QuantError(message));
  });
});
